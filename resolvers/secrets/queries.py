"""Returns secrets by page and by name, never their values."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.secrets.lists import secret_called, secrets_page
from schema.context import Info
from schema.relay.connections import Connection, to_connection
from schema.secrets.types import Secret


@strawberry.type
class Queries:
    @strawberry.field(
        description=(
            "Secrets by name. `search` matches name and description; `group` selects those that its"
            " deployments may use."
        )
    )
    async def secrets(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
        search: str | None = None,
        group: str | None = None,
    ) -> Connection[Secret]:
        organization_id = info.context.viewer.organization(organization)
        window = Window.of(first, after)
        page = await secrets_page(info.context.services, organization_id, window, search=search, group=group)
        return to_connection(page, Secret.of)

    @strawberry.field
    async def secret(self, info: Info, name: str, organization: str | None = None) -> Secret | None:
        organization_id = info.context.viewer.organization(organization)
        row = await secret_called(info.context.services, organization_id, name)
        return Secret.of(row) if row else None
