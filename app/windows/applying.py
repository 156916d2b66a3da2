"""The change windows that apply to targets, to clusters and to groups, and whether they are open."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Select, bindparam, or_, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.threads import in_thread
from app.releases.selectors import ClusterFacts, Selector
from app.rollouts import windows as pure
from app.rollouts.windows import OPEN, Opening, Window
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.targets import Target
from app.tables.windows import ChangeWindow

Found = TypeVar("Found")
Windows = Sequence[Window]

_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_FACTS = (
    col(Cluster.name),
    col(Cluster.cloud),
    col(Cluster.distribution),
    col(Cluster.region),
    col(Cluster.labels),
    col(Cluster.kubernetes_version),
    col(ClusterGroup.name),
)
_TARGETS = (
    select(col(Target.id), col(Cluster.organization_id), col(Deployment.group_id), col(Cluster.id), *_FACTS)
    .join(Deployment, col(Deployment.id) == Target.deployment_id)
    .join(ClusterGroup, col(ClusterGroup.id) == Deployment.group_id)
    .join(Cluster, col(Cluster.id) == Target.cluster_id)
    .where(col(Target.id).in_(_IDS))
)
_CLUSTERS = (
    select(col(Cluster.id), col(Cluster.organization_id), col(Cluster.group_id), col(Cluster.id), *_FACTS)
    .join(ClusterGroup, col(ClusterGroup.id) == Cluster.group_id, isouter=True)
    .where(col(Cluster.id).in_(_IDS))
)
_WINDOWS = select(ChangeWindow).order_by(col(ChangeWindow.name), col(ChangeWindow.id))
_NEAR_TARGETS = _WINDOWS.where(
    col(ChangeWindow.organization_id).in_(
        select(col(Cluster.organization_id))
        .join(Target, col(Target.cluster_id) == Cluster.id)
        .where(col(Target.id).in_(_IDS))
    )
)
_NEAR_CLUSTERS = _WINDOWS.where(
    col(ChangeWindow.organization_id).in_(select(col(Cluster.organization_id)).where(col(Cluster.id).in_(_IDS)))
)
_OF_GROUPS = (
    select(col(ClusterGroup.id), ChangeWindow)
    .join(ChangeWindow, col(ChangeWindow.organization_id) == ClusterGroup.organization_id)
    .where(col(ClusterGroup.id).in_(_IDS))
    .where(col(ChangeWindow.cluster_id).is_(None), col(ChangeWindow.selector).is_(None))
    .where(or_(col(ChangeWindow.group_id).is_(None), col(ChangeWindow.group_id) == ClusterGroup.id))
    .order_by(col(ChangeWindow.name), col(ChangeWindow.id))
)


async def windows_of_targets(session: AsyncSession, target_ids: Iterable[int]) -> dict[int, Windows]:
    """For each target, the windows that apply to it, by name: those of its organization, its group and its cluster, if
    their selector matches the cluster. Targets without windows are left out.

    Two queries for any number of targets; one if their organizations have no windows.
    """
    return await _applying(session, _NEAR_TARGETS, _TARGETS, target_ids)


async def windows_of_clusters(session: AsyncSession, cluster_ids: Iterable[int]) -> dict[int, Windows]:
    """For each cluster, the windows that apply to the targets on it."""
    return await _applying(session, _NEAR_CLUSTERS, _CLUSTERS, cluster_ids)


async def windows_of_groups(session: AsyncSession, group_ids: Iterable[int]) -> dict[int, Windows]:
    """For each group, the windows that apply to all its clusters: those without a selector."""
    found = dict[int, list[Window]]()
    for group_id, row in (await session.execute(_OF_GROUPS, {"ids": list(group_ids)})).all():
        found.setdefault(group_id, []).append(window_of(row))
    return dict(found)


async def openings(
    session: AsyncSession, target_ids: Collection[int], now: datetime, holding: Callable[[Windows], Windows]
) -> dict[int, Opening]:
    """For each of these targets, whether it may move at `now`. `holding` returns those windows of a target that hold
    its move."""
    applying = await windows_of_targets(session, target_ids)
    held = {target: holding(windows) for target, windows in applying.items()}
    found = await computed(pure.opening, held, now)
    return {target: found.get(target, OPEN) for target in target_ids}


async def computed(
    function: Callable[[Windows, datetime], Found], applying: Mapping[int, Windows], now: datetime
) -> dict[int, Found]:
    """The result of `opening` or `status` for each key, computed once for each set of windows, in a thread."""
    return await in_thread(_computed, function, applying, now) if applying else {}


def window_of(row: ChangeWindow) -> Window:
    return Window(
        name=row.name,
        kind=row.kind,
        rule=row.rule,
        starts=row.starts,
        duration=timedelta(seconds=row.duration_seconds),
        time_zone=row.time_zone,
        reason=row.reason,
        id=row.id,
        blocks_rollback=row.blocks_rollback,
        override_role=row.override_role,
    )


async def _applying(
    session: AsyncSession, near: Select[ChangeWindow], statement: Select[*tuple[Any, ...]], ids: Iterable[int]
) -> dict[int, Windows]:
    given = {"ids": list(ids)}
    rows = (await session.execute(near, given)).scalars().all()
    if not rows:
        return {}
    stored = [(row, window_of(row), Selector.of_json(row.selector) if row.selector else None) for row in rows]
    found = dict[int, Windows]()
    for row in await session.execute(statement, given):
        key, organization_id, group_id, cluster_id, name, cloud, distribution, region, labels, version, group = row
        facts = ClusterFacts(name, cloud, distribution, region, labels, version, group or "")
        applying = [
            window
            for scope, window, selector in stored
            if scope.organization_id == organization_id
            and scope.group_id in (None, group_id)
            and scope.cluster_id in (None, cluster_id)
            and (selector is None or selector.matches(facts))
        ]
        if applying:
            found[key] = applying
    return found


def _computed(
    function: Callable[[Windows, datetime], Found], applying: Mapping[int, Windows], now: datetime
) -> dict[int, Found]:
    known = dict[tuple[int, ...], Found]()
    found = dict[int, Found]()
    for key, windows in applying.items():
        ids = tuple(window.id for window in windows)
        if ids not in known:
            known[ids] = function(windows, now)
        found[key] = known[ids]
    return found
