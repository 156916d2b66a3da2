"""Clusters and the releases on them. Credentials are in no field."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.releases.status import helm_status
from app.tables import clusters as tables
from app.tables.targets import Release
from schema.clusters.enums import Reachability
from schema.clusters.loaders import releases_by_cluster
from schema.context import Info
from schema.deployments.loaders import deployment_by_id
from schema.deployments.types import Deployment
from schema.list_length import usually
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.scalars import JSON
from schema.targets.enums import TargetStatus
from schema.targets.loaders import targets_by_cluster
from schema.targets.types import DeploymentTarget
from schema.windows.loaders import window_status_by_cluster
from schema.windows.types import WindowStatus

if TYPE_CHECKING:
    from schema.groups.types import ClusterGroup


@strawberry.type(description="A registered Kubernetes cluster.")
class Cluster(Node):
    row: strawberry.Private[tables.Cluster]
    name: str
    cloud: str
    distribution: str
    region: str | None
    labels: JSON
    server: str = strawberry.field(description="The URL of the API server. Credentials can never be read.")
    uid: str | None = strawberry.field(
        description="The uid of the kube-system namespace, which identifies the cluster."
    )
    answering_uid: str | None = strawberry.field(
        description="The uid of the cluster that answers at the address, if it is a different one (MISMATCHED)."
    )
    kubernetes_version: str | None
    reachability: Reachability
    reachability_message: str | None
    last_seen_at: datetime | None
    credentials_expire_at: datetime | None = strawberry.field(
        description="When the token or client certificate expires; null if it does not expire or does not say."
    )

    @strawberry.field(description="The group of the cluster. A cluster belongs to one group at a time.")
    async def group(self, info: Info) -> Annotated["ClusterGroup", strawberry.lazy("schema.groups.types")] | None:
        found: ClusterGroup | None = await info.context.find("ClusterGroup", self.row.group_id)
        return found

    @strawberry.field(metadata=usually(20), description="The targets on the cluster, in no particular order.")
    async def targets(self, info: Info) -> list[DeploymentTarget]:
        return [DeploymentTarget.of(facts) for facts in await info.context.load[targets_by_cluster].load(self.row.id)]

    @strawberry.field(metadata=usually(50), description="All Helm releases on the cluster, managed by Polyhelm or not.")
    async def releases(self, info: Info) -> list["HelmRelease"]:
        releases = await info.context.load[releases_by_cluster].load(self.row.id)
        return [HelmRelease.of(release, deployment_id) for release, deployment_id in releases]

    @strawberry.field(description="Whether change windows let targets on the cluster move now.")
    async def window(self, info: Info) -> WindowStatus:
        return WindowStatus.of(await info.context.load[window_status_by_cluster].load(self.row.id))

    @classmethod
    def of(cls, row: tables.Cluster) -> "Cluster":
        return cls(
            row=row,
            id=encode_id("Cluster", row.id),
            name=row.name,
            cloud=row.cloud,
            distribution=row.distribution,
            region=row.region,
            labels=row.labels,
            server=row.server,
            uid=row.uid,
            answering_uid=row.answering_uid,
            kubernetes_version=row.kubernetes_version,
            reachability=row.reachability,
            reachability_message=row.reachability_message,
            last_seen_at=row.last_seen_at,
            credentials_expire_at=row.credentials_expire_at,
        )


@strawberry.type(description="A release on one cluster, from Helm's record.")
class HelmRelease:
    deployment_id: strawberry.Private[int | None]
    name: str
    namespace: str
    revision: int
    status: TargetStatus
    chart_name: str
    chart_version: str
    app_version: str | None
    updated_at: datetime | None

    @strawberry.field(description="The deployment that manages the release, if there is one.")
    async def managed_by(self, info: Info) -> Deployment | None:
        if self.deployment_id is None:
            return None
        deployment = await info.context.load[deployment_by_id].load(self.deployment_id)
        return Deployment.of(deployment) if deployment else None

    @classmethod
    def of(cls, row: Release, deployment_id: int | None) -> "HelmRelease":
        return cls(
            deployment_id=deployment_id,
            name=row.name,
            namespace=row.namespace,
            revision=row.revision,
            status=helm_status(row.status),
            chart_name=row.chart_name,
            chart_version=row.chart_version,
            app_version=row.app_version,
            updated_at=row.updated_at,
        )
