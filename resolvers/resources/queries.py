"""Resources of all clusters, by page."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.identity.permissions import Permission
from app.resources import queries
from schema.context import Info
from schema.relay.connections import Connection, to_connection
from schema.resources.inputs import ResourceFilter
from schema.resources.types import LiveResource


@strawberry.type
class Queries:
    @strawberry.field(
        description="The objects of all releases that match a filter, by kind, namespace and name, over all clusters."
    )
    async def resources(
        self,
        info: Info,
        filter: ResourceFilter,  # noqa: A002
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[LiveResource]:
        viewer = info.context.viewer
        organization_id = viewer.organization(organization)
        viewer.require(organization_id, Permission.RESOURCES_READ)
        chosen = queries.ResourceFilter(**vars(filter))
        page = await queries.find_resources(info.context.services, organization_id, Window.of(first, after), chosen)
        return to_connection(page, LiveResource.of)
