"""Returns clusters by page and by name."""

import strawberry

from app.clusters.lists import cluster_by_name, clusters_page
from app.core.paging import DEFAULT, Window
from schema.clusters.types import Cluster
from schema.context import Info
from schema.relay.connections import Connection, to_connection


@strawberry.type
class Queries:
    @strawberry.field(description="Clusters by name. `search` matches name, cloud, distribution and region.")
    async def clusters(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
        search: str | None = None,
    ) -> Connection[Cluster]:
        organization_id = info.context.viewer.organization(organization)
        page = await clusters_page(info.context.services, organization_id, Window.of(first, after), search=search)
        return to_connection(page, Cluster.of)

    @strawberry.field
    async def cluster(self, info: Info, name: str, organization: str | None = None) -> Cluster | None:
        organization_id = info.context.viewer.organization(organization)
        row = await cluster_by_name(info.context.services, organization_id, name)
        return Cluster.of(row) if row else None
