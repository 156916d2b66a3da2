"""The fleet overview: clusters and deployments that match a filter, and the number of targets in each status."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select

from app.core.errors import invalid
from app.core.paging import Page, Window, fetch_page
from app.core.searching import mentions
from app.core.services import Services
from app.drift.states import DriftState
from app.health.health import Health
from app.registers.common import CommonCode
from app.releases.status import TargetStatus
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.targets import Target
from app.targets.counts import BY_DRIFT, BY_HEALTH, BY_STATUS, Measure
from app.targets.queries import TargetFacts, targets_by_id

_SEARCHED = (Cluster.name, Deployment.release_name, Deployment.chart)
MOST_AT_ONCE = 100
MOST_CHARTS = 500


@dataclass(frozen=True)
class FleetFilter:
    """A field that is None matches everything. `search` matches text in the names of clusters, releases and charts."""

    group: str | None = None
    cloud: str | None = None
    chart: str | None = None
    search: str | None = None
    status: Sequence[TargetStatus] | None = None
    health: Sequence[Health] | None = None
    drift: Sequence[DriftState] | None = None

    @property
    def states(self) -> tuple[Sequence[StrEnum] | None, ...]:
        """The conditions on a target, of which it has to meet all."""
        return self.status, self.health, self.drift

    @property
    def has_states(self) -> bool:
        return any(states is not None for states in self.states)


async def fleet_clusters(
    services: Services, organization_id: int, window: Window, chosen: FleetFilter
) -> Page[Cluster]:
    """Clusters by name. Those without a matching target are included unless the filter has a condition on targets."""
    statement = select(Cluster).where(*_of_clusters(organization_id, chosen))
    if chosen.chart or chosen.has_states:
        statement = statement.where(_on_cluster(chosen))
    elif chosen.search:
        statement = statement.where(or_(mentions(chosen.search, Cluster.name), _on_cluster(chosen)))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Cluster.name)], window)


async def fleet_deployments(
    services: Services, organization_id: int, window: Window, chosen: FleetFilter
) -> Page[Deployment]:
    """Deployments with a target that matches the filter, by release name."""
    statement = select(Deployment).where(*_of_deployments(organization_id, chosen))
    if chosen.cloud or chosen.search or chosen.has_states:
        statement = statement.where(_of_deployment(organization_id, chosen))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Deployment.release_name), col(Deployment.id)], window)


async def fleet_cells(
    services: Services, organization_id: int, cluster_ids: Sequence[int], deployment_ids: Sequence[int]
) -> list[TargetFacts]:
    """The targets of these deployments on these clusters, in no particular order: a part of the matrix. At most
    `MOST_AT_ONCE` deployments and clusters."""
    for name, ids in (("clusters", cluster_ids), ("deployments", deployment_ids)):
        if len(ids) > MOST_AT_ONCE:
            raise invalid(CommonCode.TOO_MANY, f"`{name}` has at most {MOST_AT_ONCE} entries.", name)
    statement = (
        select(Target.id)
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .where(col(Deployment.organization_id) == organization_id)
        .where(col(Target.deployment_id).in_(deployment_ids), col(Target.cluster_id).in_(cluster_ids))
    )
    async with services.database.reading() as session:
        found = (await session.exec(statement)).all()
        return list((await targets_by_id(session, found)).values())


async def fleet_charts(services: Services, organization_id: int, chosen: FleetFilter) -> list[str]:
    """The charts that are deployed in the filter's group, by name."""
    wanted = _of_deployments(organization_id, replace(chosen, chart=None))
    statement = select(Deployment.chart).where(*wanted).distinct().order_by(col(Deployment.chart)).limit(MOST_CHARTS)
    return [chart for (chart,) in await services.database.rows(statement)]


async def fleet_counts(services: Services, organization_id: int, chosen: FleetFilter, by: Measure) -> dict[Any, int]:
    """The number of targets by status, health or drift. Ignores the filter's conditions on targets, so that users can
    choose by counts."""
    expression, values = by
    statement = (
        select(expression, func.count())
        .select_from(Target)
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(*_of_deployments(organization_id, chosen), *_of_clusters(organization_id, chosen))
        .group_by(expression)
    )
    if chosen.search:
        statement = statement.where(mentions(chosen.search, *_SEARCHED))
    known = dict(await services.database.rows(statement))
    return {value: known[value] for value in values if value in known}


async def fleet_size(services: Services, organization_id: int, chosen: FleetFilter) -> int:
    """The number of clusters in the filter's group and cloud, with or without targets."""
    statement = select(func.count()).select_from(Cluster).where(*_of_clusters(organization_id, chosen))
    size: int = (await services.database.rows(statement))[0][0]
    return size


def _of_clusters(organization_id: int, chosen: FleetFilter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [col(Cluster.organization_id) == organization_id]
    if chosen.group:
        wanted.append(col(Cluster.group_id).in_(_groups(organization_id, chosen.group)))
    if chosen.cloud:
        wanted.append(col(Cluster.cloud) == chosen.cloud)
    return wanted


def _of_deployments(organization_id: int, chosen: FleetFilter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [col(Deployment.organization_id) == organization_id]
    if chosen.group:
        wanted.append(col(Deployment.group_id).in_(_groups(organization_id, chosen.group)))
    if chosen.chart:
        wanted.append(col(Deployment.chart) == chosen.chart)
    return wanted


def _groups(organization_id: int, name: str) -> Any:
    return select(ClusterGroup.id).where(
        col(ClusterGroup.organization_id) == organization_id, col(ClusterGroup.name) == name
    )


def _on_cluster(chosen: FleetFilter) -> ColumnElement[bool]:
    """Whether a cluster has a target that matches the filter."""
    statement = select(Target.id).join(Deployment, col(Deployment.id) == Target.deployment_id)
    statement = statement.where(col(Target.cluster_id) == Cluster.id, *_of_targets(chosen))
    if chosen.chart:
        statement = statement.where(col(Deployment.chart) == chosen.chart)
    return statement.correlate(Cluster).exists()


def _of_deployment(organization_id: int, chosen: FleetFilter) -> ColumnElement[bool]:
    """Whether a deployment has a target that matches the filter."""
    statement = select(Target.id).join(Cluster, col(Cluster.id) == Target.cluster_id)
    statement = statement.where(col(Target.deployment_id) == Deployment.id, *_of_targets(chosen))
    return statement.where(*_of_clusters(organization_id, chosen)).correlate(Deployment).exists()


def _of_targets(chosen: FleetFilter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [
        expression.in_([each.value for each in states])
        for (expression, _), states in zip((BY_STATUS, BY_HEALTH, BY_DRIFT), chosen.states, strict=True)
        if states is not None
    ]
    if chosen.search:
        wanted.append(mentions(chosen.search, *_SEARCHED))
    return wanted
