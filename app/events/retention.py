"""Events are kept for a while, and then removed: by the database's own function, which is the only one that may."""

from datetime import timedelta

from sqlalchemy import text

from app.core.services import Services
from app.tables.columns import now

_BATCH = 2000
_BATCHES = 50  # at once; the next time takes more
_REMOVE = text("SELECT remove_events(:older_than, :most)")


async def remove_old_events(services: Services) -> int:
    """Removes events that are older than is asked for, the oldest first; gives how many. Each batch is a transaction of
    its own, so that nobody waits long."""
    older_than = now() - timedelta(seconds=services.settings.event_retention)
    count = 0
    for _ in range(_BATCHES):
        async with services.database.sessions() as session, session.begin():
            removed: int = (await session.execute(_REMOVE, {"older_than": older_than, "most": _BATCH})).scalar_one()
        count += removed
        if removed < _BATCH:
            break
    return count
