"""Ends open connections whose caller was disabled or whose permissions have changed.

One task checks all open connections of a process with one query. A connection also ends if its caller gains
permissions, because the data that was sent, or is about to be sent, was computed with the previous ones. The client
reconnects.
"""

import asyncio
from contextvars import Context
from datetime import timedelta

import structlog

from app.core.database import LOST, Database
from app.identity.sessions import session_viewers
from app.identity.tokens import token_viewers
from app.identity.viewer import Viewer
from app.tables.identity import Method

log = structlog.get_logger()

_LOOK_SECONDS = 2.0


class Connection:
    """An open connection, served by the task that creates this object."""

    def __init__(self) -> None:
        self.viewer: Viewer | None = None
        """The viewer who has signed in on the connection."""
        self.is_ended = False
        """Whether the guard ended the connection. Otherwise a cancelled task was cancelled by another caller."""
        self._task = asyncio.current_task()

    def end(self) -> None:
        self.is_ended = True
        assert self._task is not None
        self._task.cancel()


class Connections:
    """`idle` is how long a session of the app stays valid without use."""

    def __init__(self, database: Database, *, idle: timedelta) -> None:
        self._database = database
        self._idle = idle
        self._open: set[Connection] = set()
        self._looking: asyncio.Task[None] | None = None

    def add(self, connection: Connection) -> None:
        """Checks a connection while the context is open."""
        self._open.add(connection)
        if self._looking is None:
            # The task must not inherit the logging context of one request: its log lines are about all connections.
            self._looking = asyncio.create_task(self._look(), context=Context())

    def discard(self, connection: Connection) -> None:
        """Stops checking the connection."""
        self._open.discard(connection)
        if not self._open and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._end_changed()
            except LOST as error:
                # No data is sent meanwhile either, because subscriptions read it from Postgres.
                log.warning("connections.database_lost", error=str(error))
            except Exception:
                log.exception("connections.failed")  # the next check may succeed, and ending the task would be worse

    async def _end_changed(self) -> None:
        looked_at = {connection: viewer for connection in self._open if (viewer := connection.viewer) is not None}
        by_token = {viewer.via.credential for viewer in looked_at.values() if viewer.via.method is Method.TOKEN}
        by_session = {viewer.via.credential for viewer in looked_at.values() if viewer.via.method is not Method.TOKEN}
        tokens = await token_viewers(self._database, by_token) if by_token else {}
        sessions = await session_viewers(self._database, by_session, idle=self._idle) if by_session else {}
        for connection, viewer in looked_at.items():
            present = (tokens if viewer.via.method is Method.TOKEN else sessions).get(viewer.via.credential)
            if connection in self._open and (present is None or present.rights != viewer.rights):
                log.info("connection.ended", user=viewer.name, via=str(viewer.via), signed_in=present is not None)
                connection.end()
