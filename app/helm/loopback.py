"""A server on this machine, for one run of Helm."""

import asyncio
import secrets
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from app.helm.http import MOST_HEAD


class LoopbackServer(ABC):
    """An asynchronous context in which the server listens on a free port. Its `password` keeps other users of this
    machine out, provided that the subclass checks it. Connections that are still being served at the end are
    cancelled."""

    def __init__(self) -> None:
        self.password = secrets.token_urlsafe(32)
        self._served: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection, which is closed afterwards."""

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=MOST_HEAD)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._served:
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve_and_close(reader, writer))
        self._served.add(task)
        task.add_done_callback(self._served.discard)

    async def _serve_and_close(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        finally:
            writer.close()
