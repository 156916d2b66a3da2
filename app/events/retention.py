"""Removes old events with a function of the database, which is the only way to remove events."""

from datetime import timedelta

from sqlalchemy import text

from app.core.services import Services
from app.tables.columns import now

_BATCH = 2000
_BATCHES = 50  # per run; the next run continues
_REMOVE = text("SELECT remove_events(:older_than, :most)")


async def remove_old_events(services: Services) -> int:
    """Removes events older than the given age, oldest first, and returns their number. Each batch is one transaction,
    so that no other transaction waits long."""
    older_than = now() - timedelta(seconds=services.settings.event_retention)
    count = 0
    for _ in range(_BATCHES):
        async with services.database.sessions() as session, session.begin():
            removed: int = (await session.execute(_REMOVE, {"older_than": older_than, "most": _BATCH})).scalar_one()
        count += removed
        if removed < _BATCH:
            break
    return count
