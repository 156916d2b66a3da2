"""A process that stops in the middle of a transaction, as one on a machine that is paused does."""

import asyncio
import os
import signal

from sqlalchemy import text

from app.core.settings import Settings
from app.program.services import open_services
from app.tables.events import EventBatch


def freeze() -> None:
    """Writes an event, locks all clusters, and stops before it commits."""
    asyncio.run(_freeze())


async def _freeze() -> None:
    async with open_services(Settings()) as services, services.database.sessions() as session, session.begin():
        await session.execute(text("SELECT id FROM cluster FOR UPDATE"))
        session.add(EventBatch(events=[{"kind": "test", "message": "frozen", "at": "2026-01-01", "data": {}}]))
        await session.flush()
        os.kill(os.getpid(), signal.SIGSTOP)
