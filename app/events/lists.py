"""The timeline, in pages, and what came after an event."""

from collections.abc import Sequence

from sqlmodel import col, or_, select

from app.events.tables import Event
from app.paging import Page, Window, fetch_page
from app.services import Services


async def events_page(
    services: Services,
    organization_id: int,
    window: Window,
    *,
    kinds: Sequence[str] | None = None,
    search: str | None = None,
) -> Page[Event]:
    """What happened, newest first: of these kinds ("cluster" stands for all that begin with "cluster."), with a text in
    the message or the actor's name."""
    statement = select(Event).where(col(Event.organization_id) == organization_id)
    if kinds is not None:
        family = [col(Event.kind).startswith(f"{kind}.", autoescape=True) for kind in kinds]
        statement = statement.where(or_(col(Event.kind).in_(list(kinds)), *family))
    if search:
        columns = (Event.message, Event.actor)
        statement = statement.where(or_(*(col(column).icontains(search, autoescape=True) for column in columns)))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Event.position)], window, descending=True)


_CATCH_UP = 500


async def events_after(services: Services, organization_id: int, position: int) -> Sequence[Event]:
    """The next events after one, in order; none where it was the last."""
    statement = select(Event).where(col(Event.organization_id) == organization_id, col(Event.position) > position)
    async with services.database.reading() as session:
        return (await session.exec(statement.order_by(col(Event.position)).limit(_CATCH_UP))).all()
