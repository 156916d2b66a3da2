"""Connections that stay open: one ends as soon as its caller is nobody any more, or may do something else than before.

All that are open in a process are looked at together, while there are any. To end one whose caller may do more, too, is
the simplest that is right: what it has told and is about to tell was worked out for other rights. The client connects
anew.
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
    """One that is served by the task that makes this."""

    def __init__(self) -> None:
        self.viewer: Viewer | None = None
        """Whoever has signed in on it."""
        self.is_ended = False
        """Whether it was ended from here; else a cancelled task was cancelled by somebody else."""
        self._task = asyncio.current_task()

    def end(self) -> None:
        self.is_ended = True
        assert self._task is not None
        self._task.cancel()


class Connections:
    """`idle` is how long a session of the app lasts without use."""

    def __init__(self, database: Database, *, idle: timedelta) -> None:
        self._database = database
        self._idle = idle
        self._open: set[Connection] = set()
        self._looking: asyncio.Task[None] | None = None

    def add(self, connection: Connection) -> None:
        """Looks after one that stays open."""
        self._open.add(connection)
        if self._looking is None:
            # Not in the context of one connection's request: its logs are about all of them.
            self._looking = asyncio.create_task(self._look(), context=Context())

    def discard(self, connection: Connection) -> None:
        """It is over."""
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
                # Nothing is told meanwhile either: all that subscribers are told is read from Postgres.
                log.warning("connections.database_lost", error=str(error))
            except Exception:
                log.exception("connections.failed")  # the next look may do better, and none at all would be worse

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
