"""The timeline, in pages, and what came after an event."""

from collections.abc import Sequence

from sqlmodel import col, select

from app.events.tables import Event
from app.paging import Page, Window, fetch_page
from app.services import Services


async def events_page(services: Services, organization_id: int, window: Window) -> Page[Event]:
    """What happened, newest first."""
    statement = select(Event).where(col(Event.organization_id) == organization_id)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Event.position)], window, descending=True)


_CATCH_UP = 500


async def events_after(services: Services, organization_id: int, position: int) -> Sequence[Event]:
    """The next events after one, in order; none where it was the last."""
    statement = select(Event).where(col(Event.organization_id) == organization_id, col(Event.position) > position)
    async with services.database.reading() as session:
        return (await session.exec(statement.order_by(col(Event.position)).limit(_CATCH_UP))).all()
