"""Making groups and changing who is in them."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.tables import Cluster
from app.deployments.answer import AbandonedRelease
from app.deployments.deletion import give_up
from app.deployments.generation import without_clusters
from app.deployments.queries import targets_with_clusters
from app.deployments.tables import Deployment
from app.errors import Conflict, NotFound, Problem, all_invalid
from app.groups.queries import members_of
from app.groups.tables import MULTI_CLUSTER_DEPLOYMENT, ClusterGroup, FeatureState, GroupFeature
from app.identity.tables import Role
from app.identity.viewer import Viewer
from app.names import counted, label_problem
from app.operations.tables import Operation
from app.services import Services
from app.transaction import Transaction


async def create_group(
    services: Services, viewer: Viewer, organization: str | None, name: str, members: Sequence[str]
) -> ClusterGroup:
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Role.ADMIN)
    _check_name(name)
    try:
        async with services.transaction() as transaction:
            session = transaction.session
            group = ClusterGroup(organization_id=organization_id, name=name)
            session.add(group)
            await session.flush()
            session.add(
                GroupFeature(group_id=group.id, name=MULTI_CLUSTER_DEPLOYMENT, enabled=True, state=FeatureState.ACTIVE)
            )
            await _join(transaction, group, await _clusters(session, organization_id, members))
            transaction.record(
                "cluster_group.created",
                f"The group {name} was made with {counted(len(set(members)), 'member')}.",
                organization_id=organization_id,
                actor=viewer.name,
                subject=group,
                members=list(members),
            )
            return group
    except IntegrityError:
        raise _name_taken(name) from None


async def update_group(
    services: Services, viewer: Viewer, group_id: int, name: str | None, members: Sequence[str] | None
) -> tuple[ClusterGroup, list[Operation]]:
    """Renames a group, or changes its members. Who leaves has the group's releases uninstalled, by the operations that
    are given back; who joins gets nothing until a deployment names it among its targets."""
    if name is not None:
        _check_name(name)
    begun: list[Operation] = []
    try:
        async with services.transaction() as transaction:
            session = transaction.session
            group = await _locked(session, viewer, group_id)
            if name is not None and name != group.name:
                transaction.record(
                    "cluster_group.renamed",
                    f"The group {group.name} is now called {name}.",
                    organization_id=group.organization_id,
                    actor=viewer.name,
                    subject=group,
                    was=group.name,
                )
                group.name = name
                await session.flush()
            if members is not None:
                clusters = await _clusters(session, group.organization_id, members)
                present = await members_of(session, group.id)
                leaving = [cluster for cluster in present.values() if cluster.name not in clusters]
                joining = {name: cluster for name, cluster in clusters.items() if name not in present}
                begun = await _leave(transaction, viewer, group, leaving)
                await _join(transaction, group, joining)
                if leaving or joining:
                    transaction.record(
                        "cluster_group.members",
                        f"The members of {group.name} have changed.",
                        organization_id=group.organization_id,
                        actor=viewer.name,
                        subject=group,
                        joined=sorted(joining),
                        left=sorted(cluster.name for cluster in leaving),
                    )
            return group, begun
    except IntegrityError:
        raise _name_taken(name or "") from None


async def delete_group(services: Services, viewer: Viewer, group_id: int, *, force: bool) -> list[AbandonedRelease]:
    """Deletes a group. With `force` also one that has deployments: their releases stay on the clusters as they are, and
    the answer names them."""
    async with services.transaction() as transaction:
        session = transaction.session
        group = await _locked(session, viewer, group_id)
        deployments = (
            await session.exec(
                select(Deployment)
                .where(col(Deployment.group_id) == group_id)
                .order_by(col(Deployment.id))
                .with_for_update()
            )
        ).all()
        if deployments and not force:
            names = ", ".join(deployment.release_name for deployment in deployments)
            raise Conflict(
                "group_in_use",
                f"{group.name} has deployments ({names}): delete them first, or use force, which leaves their releases"
                " on the clusters.",
                ("id",),
            )
        abandoned: list[AbandonedRelease] = []
        for deployment in deployments:
            pairs = await targets_with_clusters(session, deployment.id)
            left = [
                AbandonedRelease(
                    cluster.name, deployment.namespace, deployment.release_name, "its group was deleted by force"
                )
                for _, cluster in pairs
            ]
            await give_up(transaction, deployment, pairs, left)
            abandoned += left
            await session.execute(delete(Deployment).where(col(Deployment.id) == deployment.id))
        await session.execute(delete(ClusterGroup).where(col(ClusterGroup.id) == group_id))
        transaction.record(
            "cluster_group.deleted",
            f"The group {group.name} was deleted.",
            organization_id=group.organization_id,
            actor=viewer.name,
            subject=group,
            name=group.name,
            force=force,
        )
        return abandoned


async def _locked(session: AsyncSession, viewer: Viewer, group_id: int) -> ClusterGroup:
    group = await session.get(ClusterGroup, group_id, with_for_update=True)
    if group is None or not viewer.sees(group.organization_id):
        raise NotFound("cluster_group_not_found", "There is no such cluster group.", ("id",))
    viewer.require(group.organization_id, Role.ADMIN)
    return group


async def _clusters(session: AsyncSession, organization_id: int, names: Iterable[str]) -> dict[str, Cluster]:
    """The clusters of these names, locked in one order so that two requests can't take the same one."""
    wanted = list(dict.fromkeys(names))
    statement = (
        select(Cluster)
        .where(col(Cluster.organization_id) == organization_id, col(Cluster.name).in_(wanted))
        .order_by(col(Cluster.id))
        .with_for_update(key_share=True)
    )
    found = {cluster.name: cluster for cluster in (await session.exec(statement)).all()}
    if unknown := [name for name in wanted if name not in found]:
        raise all_invalid([Problem(("members", name), f"There is no cluster {name!r}.") for name in unknown])
    return found


async def _join(transaction: Transaction, group: ClusterGroup, clusters: dict[str, Cluster]) -> None:
    taken = [cluster.name for cluster in clusters.values() if cluster.group_id not in (None, group.id)]
    if taken:
        names = ", ".join(sorted(taken))
        raise Conflict(
            "cluster_in_other_group",
            f"A cluster is in one group at most, and these are in another one: {names}.",
            ("members",),
        )
    for cluster in clusters.values():
        cluster.group_id = group.id
    await transaction.session.flush()


async def _leave(
    transaction: Transaction, viewer: Viewer, group: ClusterGroup, leaving: Sequence[Cluster]
) -> list[Operation]:
    """The releases of the group's deployments are to go from these clusters: a new generation of each of them."""
    if not leaving:
        return []
    session = transaction.session
    gone = {cluster.name for cluster in leaving}
    await session.execute(
        update(Cluster).where(col(Cluster.id).in_([cluster.id for cluster in leaving])).values(group_id=None)
    )
    statement = (
        select(Deployment)
        .where(col(Deployment.group_id) == group.id)
        .order_by(col(Deployment.id))
        .with_for_update(key_share=True)
    )
    begun = [
        await without_clusters(transaction, deployment, gone, author=viewer.name)
        for deployment in (await session.exec(statement)).all()
    ]
    return [operation for operation in begun if operation is not None]


def _check_name(name: str) -> None:
    if problem := label_problem(name, "name", what="The name of a cluster group"):
        raise all_invalid([problem])


def _name_taken(name: str) -> Conflict:
    return Conflict("name_taken", f"There is a cluster group {name!r} already.", ("name",))
