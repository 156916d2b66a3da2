"""The timeline in pages, and the events after a given event."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, or_, select

from app.core.errors import NotFound
from app.core.paging import Page, Window, fetch_page
from app.core.searching import bounded, mentions
from app.core.services import Services
from app.events.codes import EventCode
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.events import AUDIT, Event, EventHorizon


async def events_page(
    services: Services,
    organization_id: int | None,
    window: Window,
    *,
    audit: bool,
    kinds: Sequence[str] | None = None,
    search: str | None = None,
) -> Page[Event]:
    """Returns a page of events, newest first.

    `kinds` filters by kind ("cluster" includes all that begin with "cluster."), `search` by text in the message or the
    actor's name. With `audit`, it includes mutations that changed nothing. `audience` states whose events they are.
    """
    statement = _events(organization_id, audit=audit)
    if kinds is not None:
        family = [col(Event.kind).startswith(f"{bounded(kind, 'kinds')}.", autoescape=True) for kind in kinds]
        statement = statement.where(or_(col(Event.kind).in_(list(kinds)), *family))
    if search:
        statement = statement.where(mentions(search, Event.message, Event.actor))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Event.position)], window, descending=True)


_CATCH_UP = 500


async def events_after(
    services: Services, organization_id: int | None, position: int, *, audit: bool
) -> Sequence[Event]:
    """Returns the next events after one, in order.

    Raises:
        NotFound: Events after it have been removed, so some would be missing.
    """
    statement = _events(organization_id, audit=audit).where(col(Event.position) > position)
    async with services.database.reading() as session:
        found: Sequence[Event] = (await session.exec(statement.order_by(col(Event.position)).limit(_CATCH_UP))).all()
        # Check this after reading: events that were removed before were missed, those removed later were read.
        if position < (await session.exec(select(EventHorizon.position))).one():
            message = "Events after this cursor have been removed. Start again without a cursor, or with a newer one."
            raise NotFound(EventCode.CURSOR_EXPIRED, message, ("after",))
    return found


def audience(viewer: Viewer, organization: str | None, *, installation: bool, audit: bool) -> int | None:
    """Returns the organization whose events are requested, or None with `installation`.

    Events of mutations that changed nothing (`audit`) are for admins.

    Raises:
        UserError: The viewer may not see these events.
    """
    if installation:
        viewer.require_admin()
        return None
    organization_id = viewer.organization(organization)
    if audit:
        viewer.require(organization_id, Permission.AUDIT_READ)
    return organization_id


def _events(organization_id: int | None, *, audit: bool) -> Any:
    statement = select(Event).where(col(Event.organization_id).is_not_distinct_from(organization_id))
    return statement if audit else statement.where(~col(Event.kind).startswith(AUDIT, autoescape=True))
