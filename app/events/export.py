"""Exports the events of all organizations as JSON lines, for storage elsewhere."""

from collections.abc import AsyncIterator

import orjson
from sqlmodel import col, select

from app.core.database import Database
from app.tables.events import Event
from app.tables.identity import Organization

_PAGE = 1000


async def exported(database: Database, *, after: int = 0) -> AsyncIterator[bytes]:
    """Yields a line for each event after a position, in order. At most one page of events is in memory."""
    names = {row.id: row.name for row in await database.rows(select(Organization.id, Organization.name))}
    while True:
        statement = select(Event).where(col(Event.position) > after).order_by(col(Event.position)).limit(_PAGE)
        page = [event for (event,) in await database.rows(statement)]
        for event in page:
            row = event.model_dump()
            organization_id = row.pop("organization_id")
            if organization_id not in names and organization_id is not None:  # it was created meanwhile
                names = {row.id: row.name for row in await database.rows(select(Organization.id, Organization.name))}
            yield orjson.dumps({"organization": names.get(organization_id), **row}, option=orjson.OPT_APPEND_NEWLINE)
        if len(page) < _PAGE:
            return
        after = page[-1].position
