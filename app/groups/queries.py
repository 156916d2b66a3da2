"""Finds groups and their members by name, within one organization."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.service_accounts import ServiceAccount
from app.core.errors import NotFound, Problem, all_invalid
from app.groups.codes import GroupCode
from app.tables.clusters import Cluster
from app.tables.groups import ClusterGroup, GroupFeature


async def find_group(session: AsyncSession, organization_id: int, name: str) -> ClusterGroup | None:
    statement = select(ClusterGroup).where(
        col(ClusterGroup.organization_id) == organization_id, col(ClusterGroup.name) == name
    )
    return (await session.exec(statement)).first()


async def group_by_name(session: AsyncSession, organization_id: int, name: str) -> ClusterGroup:
    """Returns the group. Raises NotFound if it does not exist."""
    group = await find_group(session, organization_id, name)
    if group is None:
        raise no_group(name)
    return group


def no_group(name: str) -> NotFound:
    return NotFound(GroupCode.CLUSTER_GROUP_NOT_FOUND, f"There is no cluster group {name!r}.", ("group",))


def service_account_of(group: ClusterGroup) -> ServiceAccount | None:
    return ServiceAccount.parse(group.service_account) if group.service_account else None


async def account_of(session: AsyncSession, group_id: int) -> ServiceAccount | None:
    """Returns the service account that deployments of a group use on its clusters, or None for the clusters' own
    credentials."""
    group = await session.get(ClusterGroup, group_id)
    return service_account_of(group) if group else None


async def members_of(session: AsyncSession, group_id: int) -> dict[str, Cluster]:
    """Returns the clusters of a group, ordered by name."""
    statement = select(Cluster).where(col(Cluster.group_id) == group_id).order_by(col(Cluster.name))
    return {cluster.name: cluster for cluster in (await session.exec(statement)).all()}


def chosen_members(members: dict[str, Cluster], names: list[str] | None) -> dict[str, Cluster]:
    """Returns the members with these names, or all if names is None.

    Raises:
        ValidationFailed: Some names are not members. It lists them all.
    """
    if names is None:
        return members
    unknown = [name for name in dict.fromkeys(names) if name not in members]
    if unknown:
        known = ", ".join(members) or "none yet"
        raise all_invalid(
            [
                Problem(("targets", name), f"{name!r} is not a member of the group. Members: {known}.")
                for name in unknown
            ]
        )
    return {name: members[name] for name in sorted(dict.fromkeys(names))}


async def members(session: AsyncSession, group_ids: Sequence[int]) -> Sequence[Cluster]:
    statement = select(Cluster).where(col(Cluster.group_id).in_(group_ids)).order_by(col(Cluster.name))
    return (await session.exec(statement)).all()


async def features(session: AsyncSession, group_ids: Sequence[int]) -> Sequence[GroupFeature]:
    statement = select(GroupFeature).where(col(GroupFeature.group_id).in_(group_ids)).order_by(col(GroupFeature.name))
    return (await session.exec(statement)).all()
