"""Sends events as they are recorded."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from functools import partial

import strawberry
from sqlmodel import col

from app.core.database import patiently
from app.core.paging import position_of
from app.events.lists import audience, events_after
from app.tables.events import AUDIT
from app.tables.events import Event as EventRow
from resolvers.engine.following import fresh, own
from schema.context import Info
from schema.events.types import Event


@strawberry.type
class Subscriptions:
    @strawberry.subscription(
        description=(
            "All events from now on, or after the given cursor, without gaps. `audit` and"
            " `installation` are as in the query `events`."
        )
    )
    async def events(
        self,
        info: Info,
        organization: str | None = None,
        after: str | None = None,
        audit: bool = False,
        installation: bool = False,
    ) -> AsyncGenerator[Event, None]:
        services = info.context.services
        organization_id = audience(info.context.viewer, organization, installation=installation, audit=audit)
        audit = audit or installation
        last = None if after is None else position_of(after, [col(EventRow.position)])[0]

        def pick(event: EventRow) -> Iterable[int]:
            return (event.position,) if audit or not event.kind.startswith(AUDIT) else ()

        async def page_after(position: int) -> Sequence[EventRow]:
            return await patiently(partial(events_after, services, organization_id, position, audit=audit))

        async with services.feed.follow(organization_id, pick) as follower:
            catches_up = last is not None
            if last is None:
                last = follower.upto
            while True:
                while catches_up and (page := await page_after(last)):
                    for row in page:
                        own(info)
                        yield Event.of(row)
                        last = row.position
                changed = await follower.changed()
                catches_up = changed.too_much
                fresh(info, changed.upto)
                for position, row in changed.keys.items():
                    if position > last and not catches_up:
                        yield Event.of(row)
                        last = position
