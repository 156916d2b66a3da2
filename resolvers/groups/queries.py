"""Returns cluster groups by page and by name."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.groups.lists import group_called, groups_page
from schema.context import Info
from schema.groups.types import ClusterGroup
from schema.relay.connections import Connection, to_connection


@strawberry.type
class Queries:
    @strawberry.field(description="Cluster groups by name. `search` matches names.")
    async def cluster_groups(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
        search: str | None = None,
    ) -> Connection[ClusterGroup]:
        organization_id = info.context.viewer.organization(organization)
        page = await groups_page(info.context.services, organization_id, Window.of(first, after), search=search)
        return to_connection(page, ClusterGroup.of)

    @strawberry.field
    async def cluster_group(self, info: Info, name: str, organization: str | None = None) -> ClusterGroup | None:
        organization_id = info.context.viewer.organization(organization)
        row = await group_called(info.context.services, organization_id, name)
        return ClusterGroup.of(row) if row else None
