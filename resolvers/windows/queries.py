"""Change windows, by page."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.windows.lists import windows_page
from schema.context import Info
from schema.relay.connections import Connection, to_connection
from schema.windows.types import ChangeWindow


@strawberry.type
class Queries:
    @strawberry.field(description="The change windows of the organization, by name.")
    async def change_windows(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[ChangeWindow]:
        organization_id = info.context.viewer.organization(organization)
        page = await windows_page(info.context.services, organization_id, Window.of(first, after))
        return to_connection(page, ChangeWindow.of)
