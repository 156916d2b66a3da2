"""The timeline, in pages."""

from sqlmodel import col, select

from app.events.tables import Event
from app.paging import Page, Window, fetch_page
from app.services import Services


async def events_page(services: Services, organization_id: int, window: Window) -> Page[Event]:
    """What happened, newest first."""
    statement = select(Event).where(col(Event.organization_id) == organization_id)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Event.position)], window, descending=True)
