"""Cluster groups, their members, features and deployments."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.deployments.lists import deployments_page
from app.tables import clusters as cluster_tables
from app.tables import groups as tables
from schema.clusters.types import Cluster
from schema.context import Info
from schema.deployments.types import Deployment
from schema.groups.enums import FeatureState
from schema.groups.loaders import features_by_group, members_by_group
from schema.list_length import usually
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.scalars import JSON
from schema.targets.counts import DriftCount, HealthCount, StatusCount, by_drift, by_health, by_status
from schema.targets.loaders import drift_counts_by_group, health_counts_by_group, status_counts_by_group
from schema.windows.loaders import window_status_by_group
from schema.windows.types import WindowStatus


@strawberry.type
class GroupFeature:
    name: str
    enabled: bool
    state: FeatureState
    message: str | None
    properties: JSON


@strawberry.type(description="A named group of clusters, with features that can be enabled.")
class ClusterGroup(Node):
    row: strawberry.Private[tables.ClusterGroup]
    name: str
    allowed_namespaces: list[str] | None = strawberry.field(
        description="The namespaces that deployments of the group may use; null for any."
    )
    service_account: str | None = strawberry.field(
        description="As `namespace/name`: the service account that deployments of the group use on each member. Null:"
        " the clusters' credentials are used."
    )

    @strawberry.field(metadata=usually(50))
    async def members(self, info: Info) -> list[Cluster]:
        return [Cluster.of(row) for row in await self.member_rows(info)]

    @strawberry.field
    async def features(self, info: Info) -> list[GroupFeature]:
        return [
            GroupFeature(
                name=row.name,
                enabled=row.enabled,
                state=row.state,
                message=row.message,
                properties=row.properties,
            )
            for row in await info.context.load[features_by_group].load(self.row.id)
        ]

    @strawberry.field(description="The number of targets of the group's deployments with each status.")
    async def status_counts(self, info: Info) -> list[StatusCount]:
        return by_status(await info.context.load[status_counts_by_group].load(self.row.id))

    @strawberry.field(description="The number of targets of the group's deployments with each health.")
    async def health_counts(self, info: Info) -> list[HealthCount]:
        return by_health(await info.context.load[health_counts_by_group].load(self.row.id))

    @strawberry.field(
        description="The number of targets of the group's deployments with each state of their live objects."
    )
    async def drift_counts(self, info: Info) -> list[DriftCount]:
        return by_drift(await info.context.load[drift_counts_by_group].load(self.row.id))

    @strawberry.field
    async def deployments(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[Deployment]:
        page = await deployments_page(
            info.context.services, self.row.organization_id, Window.of(first, after), group_id=self.row.id
        )
        return to_connection(page, Deployment.of)

    async def member_rows(self, info: Info) -> list[cluster_tables.Cluster]:
        return await info.context.load[members_by_group].load(self.row.id)

    @strawberry.field(
        description="Whether the change windows that apply to all clusters of the group let targets move now. Windows"
        " of single clusters, and those with a selector, are left out."
    )
    async def window(self, info: Info) -> WindowStatus:
        return WindowStatus.of(await info.context.load[window_status_by_group].load(self.row.id))

    @classmethod
    def of(cls, row: tables.ClusterGroup) -> "ClusterGroup":
        return cls(
            row=row,
            id=encode_id("ClusterGroup", row.id),
            name=row.name,
            allowed_namespaces=row.allowed_namespaces or None,
            service_account=row.service_account,
        )
