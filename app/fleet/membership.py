"""Creates, changes and deletes groups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.clusters.service_accounts import ServiceAccount
from app.clusters.services import ClusterServices
from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.core.names import counted, label_problem
from app.core.services import Services
from app.core.transaction import Transaction
from app.delivery.starting import end_rollout, open_rollouts
from app.deployments.generation import without_clusters
from app.deployments.inputs import renew_inputs
from app.deployments.removal import Removal
from app.deployments.services import DeploymentServices
from app.groups.codes import GroupCode, GroupEvent
from app.groups.queries import members_of
from app.groups.restrictions import impersonation_warnings, restrict, restriction_problems
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.operations.removal import give_up
from app.registers.common import CommonCode
from app.rollouts.states import RolloutPhase
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import MULTI_CLUSTER_DEPLOYMENT, ClusterGroup, FeatureState, GroupFeature
from app.tables.operations import Operation
from app.tables.states import OperationState
from app.targets.abandonment import AbandonedRelease
from app.targets.queries import targets_with_clusters

_NAMED = 10
"""How many deployments one message names."""


@dataclass(frozen=True)
class Created:
    """A new group. `warnings` says which members could not be asked whether they allow its service account."""

    group: ClusterGroup
    warnings: list[str]


async def create_group(
    services: ClusterServices,
    viewer: Viewer,
    organization: str | None,
    name: str,
    members: Sequence[str],
    *,
    allowed_namespaces: Sequence[str] | None = None,
    service_account: str | None = None,
) -> Created:
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Permission.GROUPS_WRITE)
    _check(name, allowed_namespaces, service_account)
    warnings: list[str] = []
    if service_account:
        account = ServiceAccount.parse(service_account)
        async with services.database.reading() as session:
            clusters = (await session.exec(_clusters_named(organization_id, members))).all()
        warnings = await impersonation_warnings(services, account, clusters, field="serviceAccount")
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
                GroupEvent.CREATED,
                f"The group {name} was created with {counted(len(set(members)), 'member')}.",
                organization_id=organization_id,
                actor=viewer.name,
                subject=group,
                members=list(members),
            )
            await restrict(transaction, viewer, group, allowed_namespaces, service_account)
            return Created(group, warnings)
    except IntegrityError:
        raise _name_taken(name) from None


@dataclass(frozen=True)
class UpdateGroup:
    """The request, as the API takes it. Fields that are None do not change; empty ones lift a restriction."""

    id: int
    name: str | None = None
    members: list[str] | None = None
    allowed_namespaces: list[str] | None = None
    service_account: str | None = None
    confirm_removal: int | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Updated:
    """A group after an update, the members that it removed, and the operations that uninstall releases from them.
    `warnings` says which members could not be asked whether they allow the group's service account."""

    group: ClusterGroup
    removal: Removal
    warnings: list[str]
    begun: list[Operation] = field(default_factory=list)


async def update_group(services: DeploymentServices, viewer: Viewer, request: UpdateGroup) -> Updated:
    """Renames a group, replaces its members, or changes what its deployments may use. The group's releases are
    uninstalled from removed members; a new member gets nothing until a deployment names it among its targets. A Helm
    run that has begun keeps the service account that it began with.

    Raises:
        UserError: says what is wrong; nothing was written then.
    """
    name = request.name
    _check(name, request.allowed_namespaces, request.service_account)
    warnings = await _ask_members(services, viewer, request)
    begun: list[Operation] = []
    try:
        async with services.transaction() as transaction:
            session = transaction.session
            group = await _locked(session, viewer, request.id)
            present = await members_of(session, group.id)
            clusters = present
            if request.members is not None:
                clusters = await _clusters(session, group.organization_id, request.members)
            removal = await _removal(services, session, group, present, clusters)
            if request.dry_run:
                return Updated(group, removal, warnings)
            removal.check(request.confirm_removal, f"members of {group.name}")
            await restrict(transaction, viewer, group, request.allowed_namespaces, request.service_account)
            if name is not None and name != group.name:
                transaction.record(
                    GroupEvent.RENAMED,
                    f"The group {group.name} was renamed to {name}.",
                    organization_id=group.organization_id,
                    actor=viewer.name,
                    subject=group,
                    was=group.name,
                )
                group.name = name
                await session.flush()
            joining = {name: cluster for name, cluster in clusters.items() if name not in present}
            begun = await _leave(transaction, viewer, group, [present[name] for name in removal.names])
            await _join(transaction, group, joining)
            if removal.names or joining:
                transaction.record(
                    GroupEvent.MEMBERS,
                    f"The members of {group.name} have changed.",
                    organization_id=group.organization_id,
                    actor=viewer.name,
                    subject=group,
                    joined=sorted(joining),
                    left=list(removal.names),
                )
    except IntegrityError:
        raise _name_taken(name or "") from None
    await renew_inputs(services, group_id=group.id)
    return Updated(group, removal, warnings, begun)


async def delete_group(services: Services, viewer: Viewer, group_id: int, *, force: bool) -> list[AbandonedRelease]:
    """Deletes a group. With `force`, even if it has deployments: their releases stay on the clusters unchanged, and are
    returned."""
    async with services.transaction() as transaction:
        session = transaction.session
        group = await _locked(session, viewer, group_id)
        # Clusters are always locked before deployments; deleting the group also changes the clusters that refer to it.
        members = select(Cluster).where(col(Cluster.group_id) == group_id).order_by(col(Cluster.id))
        await session.exec(members.with_for_update(key_share=True))
        deployments = (
            await session.exec(
                select(Deployment)
                .where(col(Deployment.group_id) == group_id)
                .order_by(col(Deployment.id))
                .with_for_update(key_share=True)
            )
        ).all()
        if deployments and not force:
            names = ", ".join(deployment.release_name for deployment in deployments)
            raise Conflict(
                GroupCode.GROUP_IN_USE,
                f"{group.name} has deployments ({names}). Delete them first, or use force to leave their releases on"
                " the clusters.",
                ("id",),
            )
        abandoned: list[AbandonedRelease] = []
        for deployment in deployments:
            for rollout in await open_rollouts(transaction, deployment.id):
                await end_rollout(transaction, rollout, RolloutPhase.ABORTED, OperationState.CANCELLED)
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
            GroupEvent.DELETED,
            f"The group {group.name} was deleted.",
            organization_id=group.organization_id,
            actor=viewer.name,
            subject=group,
            name=group.name,
            force=force,
        )
        return abandoned


async def _ask_members(services: ClusterServices, viewer: Viewer, request: UpdateGroup) -> list[str]:
    """Checks on members whether they allow the group's service account: on all of them if the account changes, else on
    those that join."""
    async with services.database.reading() as session:
        group = _administered(await session.get(ClusterGroup, request.id), viewer)
        account = group.service_account if request.service_account is None else request.service_account
        if not account:
            return []
        is_new = account != group.service_account
        present = await members_of(session, group.id)
        clusters: Sequence[Cluster] = list(present.values())
        if request.members is not None:
            clusters = (await session.exec(_clusters_named(group.organization_id, request.members))).all()
    asked = [cluster for cluster in clusters if is_new or cluster.name not in present]
    field = "serviceAccount" if is_new else "members"
    return await impersonation_warnings(services, ServiceAccount.parse(account), asked, field=field)


async def _locked(session: AsyncSession, viewer: Viewer, group_id: int) -> ClusterGroup:
    return _administered(await session.get(ClusterGroup, group_id, with_for_update={"key_share": True}), viewer)


def _administered(group: ClusterGroup | None, viewer: Viewer) -> ClusterGroup:
    if group is None or not viewer.sees(group.organization_id):
        raise NotFound(GroupCode.CLUSTER_GROUP_NOT_FOUND, "There is no such cluster group.", ("id",))
    viewer.require(group.organization_id, Permission.GROUPS_WRITE)
    return group


async def _clusters(session: AsyncSession, organization_id: int, names: Iterable[str]) -> dict[str, Cluster]:
    """The clusters with these names, locked in a fixed order, so that two requests cannot take the same cluster."""
    wanted = list(dict.fromkeys(names))
    statement = _clusters_named(organization_id, wanted).with_for_update(key_share=True)
    found = {cluster.name: cluster for cluster in (await session.exec(statement)).all()}
    if unknown := [name for name in wanted if name not in found]:
        raise all_invalid([Problem(("members", name), f"There is no cluster {name!r}.") for name in unknown])
    return found


def _clusters_named(organization_id: int, names: Iterable[str]) -> SelectOfScalar[Cluster]:
    return (
        select(Cluster)
        .where(col(Cluster.organization_id) == organization_id, col(Cluster.name).in_(list(names)))
        .order_by(col(Cluster.id))
    )


async def _removal(
    services: Services,
    session: AsyncSession,
    group: ClusterGroup,
    present: Mapping[str, Cluster],
    clusters: Mapping[str, Cluster],
) -> Removal:
    """The members that a change removes. It also needs a confirmation if a deployment of the group loses too many of
    its targets by it, however few members are removed."""
    percent = services.settings.max_removal
    removal = Removal.between(present, clusters, percent)
    if not removal.names:
        return removal
    statement = (
        select(Deployment.release_name, DeploymentRevision.targets)
        .join(
            DeploymentRevision,
            (col(DeploymentRevision.deployment_id) == Deployment.id)
            & (col(DeploymentRevision.generation) == Deployment.generation),
        )
        .where(col(Deployment.group_id) == group.id, col(Deployment.deleting).is_(False))
        .order_by(col(Deployment.release_name))
    )
    rows = (await session.exec(statement)).all()
    lost = [(name, Removal.between(targets, set(targets) - set(removal.names), percent)) for name, targets in rows]
    much = [f"{name} loses {one.count} of {one.before} targets" for name, one in lost if one.needs_confirmation]
    return replace(removal, also=f" As a result, {', '.join(much[:_NAMED])}." if much else "")


async def _join(transaction: Transaction, group: ClusterGroup, clusters: dict[str, Cluster]) -> None:
    taken = [cluster.name for cluster in clusters.values() if cluster.group_id not in (None, group.id)]
    if taken:
        names = ", ".join(sorted(taken))
        raise Conflict(
            GroupCode.CLUSTER_IN_OTHER_GROUP,
            f"A cluster is in one group at most, and these are in another one: {names}.",
            ("members",),
        )
    for cluster in clusters.values():
        cluster.group_id = group.id
    await transaction.session.flush()


async def _leave(
    transaction: Transaction, viewer: Viewer, group: ClusterGroup, leaving: Sequence[Cluster]
) -> list[Operation]:
    """Removes these clusters from the group, and from the targets of its deployments, by new generations of them."""
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


def _check(name: str | None, namespaces: Sequence[str] | None, service_account: str | None) -> None:
    problems = list(restriction_problems(namespaces, service_account))
    if name is not None and (problem := label_problem(name, "name", what="The name of a cluster group")):
        problems.insert(0, problem)
    if problems:
        raise all_invalid(problems)


def _name_taken(name: str) -> Conflict:
    return Conflict(CommonCode.NAME_TAKEN, f"A cluster group named {name} already exists.", ("name",))
