"""Returns events by page."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.events.lists import audience, events_page
from schema.context import Info
from schema.events.types import Event
from schema.relay.connections import Connection, to_connection


@strawberry.type
class Queries:
    @strawberry.field(
        description=(
            "Events, newest first. `kinds` are kinds or their first parts; `search` matches message and"
            " actor. For admins, `audit` also includes mutations that were refused, failed or changed"
            " nothing, and `installation` selects events that belong to no organization."
        )
    )
    async def events(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
        kinds: list[str] | None = None,
        search: str | None = None,
        audit: bool = False,
        installation: bool = False,
    ) -> Connection[Event]:
        organization_id = audience(info.context.viewer, organization, installation=installation, audit=audit)
        page = await events_page(
            info.context.services,
            organization_id,
            Window.of(first, after),
            audit=audit or installation,
            kinds=kinds,
            search=search,
        )
        return to_connection(page, Event.of)
