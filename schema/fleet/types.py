"""The overview of the fleet: the deployments and clusters that match a filter, with counts, in few queries."""

from typing import Any

import strawberry

from app.core.paging import DEFAULT, Window
from app.fleet import overview as fleet
from app.targets.counts import BY_DRIFT, BY_HEALTH, BY_STATUS
from schema.clusters.types import Cluster
from schema.context import Info
from schema.deployments.types import Deployment
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import row_id
from schema.resources.enums import DriftState, Health
from schema.targets.counts import DriftCount, HealthCount, StatusCount, by_drift, by_health, by_status
from schema.targets.enums import TargetStatus
from schema.targets.types import DeploymentTarget


@strawberry.input(description="A filter. Omitted fields match everything.")
class FleetFilter:
    group: str | None = None
    cloud: str | None = None
    chart: str | None = strawberry.field(default=None, description='"repository/name".')
    search: str | None = strawberry.field(
        default=None, description="A text in the name of a cluster, release or chart."
    )
    status: list[TargetStatus] | None = strawberry.field(
        default=None, description="Those with a target in one of these statuses."
    )
    health: list[Health] | None = strawberry.field(
        default=None, description="Those with a target of one of these healths."
    )
    drift: list[DriftState] | None = strawberry.field(
        default=None,
        description="Those with a target whose live objects are in one of these states.",
    )


@strawberry.type(description="The deployments and clusters that match a filter.")
class Fleet:
    organization_id: strawberry.Private[int]
    chosen: strawberry.Private[fleet.FleetFilter]

    @strawberry.field(
        description="The number of targets with each status. Conditions of the filter on targets are ignored."
    )
    async def status_counts(self, info: Info) -> list[StatusCount]:
        return by_status(await self._counts(info, BY_STATUS))

    @strawberry.field(
        description="The number of targets with each health. Conditions of the filter on targets are ignored."
    )
    async def health_counts(self, info: Info) -> list[HealthCount]:
        return by_health(await self._counts(info, BY_HEALTH))

    @strawberry.field(
        description="The number of targets with each state of their live objects. Conditions of the filter on targets"
        " are ignored."
    )
    async def drift_counts(self, info: Info) -> list[DriftCount]:
        return by_drift(await self._counts(info, BY_DRIFT))

    async def _counts(self, info: Info, by: Any) -> dict[Any, int]:
        return await fleet.fleet_counts(info.context.services, self.organization_id, self.chosen, by)

    @strawberry.field(description="The number of clusters in the filter's group and cloud.")
    async def cluster_count(self, info: Info) -> int:
        return await fleet.fleet_size(info.context.services, self.organization_id, self.chosen)

    @strawberry.field(
        description=f"The names of deployed charts, at most {fleet.MOST_CHARTS}. Only the group of the filter applies."
    )
    async def charts(self, info: Info) -> list[str]:
        return await fleet.fleet_charts(info.context.services, self.organization_id, self.chosen)

    @strawberry.field(description="By name.")
    async def clusters(self, info: Info, first: int | None = DEFAULT, after: str | None = None) -> Connection[Cluster]:
        window = Window.of(first, after)
        page = await fleet.fleet_clusters(info.context.services, self.organization_id, window, self.chosen)
        return to_connection(page, Cluster.of)

    @strawberry.field(description="By release name.")
    async def deployments(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[Deployment]:
        window = Window.of(first, after)
        page = await fleet.fleet_deployments(info.context.services, self.organization_id, window, self.chosen)
        return to_connection(page, Deployment.of)

    @strawberry.field(
        description="The targets of these deployments on these clusters, in no order, whatever the filter is."
        f" At most {fleet.MOST_AT_ONCE} of each."
    )
    async def cells(
        self, info: Info, clusters: list[strawberry.ID], deployments: list[strawberry.ID]
    ) -> list[DeploymentTarget]:
        cluster_ids = [row_id(cluster, "Cluster") for cluster in clusters]
        deployment_ids = [row_id(deployment, "Deployment") for deployment in deployments]
        found = await fleet.fleet_cells(info.context.services, self.organization_id, cluster_ids, deployment_ids)
        return [DeploymentTarget.of(facts) for facts in found]
