"""A line to a server that speaks TCP, with faults of whole connections."""

import asyncio
from pathlib import Path
from typing import Self

from tests.faults.exchange import abort
from tests.kubernetes.process import HOST, Port

_PIECE = 2**16


class Line:
    """`async with Line(("127.0.0.1", 5432)) as line:` leads from a port of its own to a server, by address or by the
    path of a Unix socket, until the block ends. Nothing is looked at on the way."""

    def __init__(self, there: tuple[str, int] | Path, port: Port | None = None) -> None:
        self._there = there
        self._kept = port or Port()
        self.port = self._kept.number
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.flows = asyncio.Event()
        self.flows.set()
        self.seconds = 0.0
        self.loses = False
        self.accepted = 0
        """How many connections have been made."""

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._stop_listening()
        self.reset()
        await asyncio.gather(*(connection.ended() for connection in list(self._connections)))
        self._kept.close()

    def freeze(self) -> None:
        """Nothing is forwarded, nothing is closed, new connections are accepted and are silent, until `heal`; then all
        goes on, and nothing was lost."""
        self.flows.clear()

    def lose(self) -> None:
        """What is sent is lost, and neither side hears of it, until `heal`: as behind a router that has forgotten its
        connections. Those that have lost something stay silent for good."""
        self.loses = True

    def slow(self, seconds: float) -> None:
        """Each piece comes so much later, until `heal`."""
        self.seconds = seconds

    def reset(self) -> None:
        """Resets all connections that are open, once."""
        for connection in list(self._connections):
            connection.reset()

    def refuse(self) -> None:
        """Resets all connections, and refuses new ones, until `heal`."""
        self._stop_listening()
        self.reset()

    async def heal(self) -> None:
        self.seconds, self.loses = 0.0, False
        self.flows.set()
        await self._listen()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._connect, HOST, self.port, reuse_port=True, backlog=1024)

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        connection = _Connection(self, reader, writer)
        self._connections.add(connection)
        try:
            await connection.ended()
        finally:
            self._connections.discard(connection)

    async def connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._there, Path):
            return await asyncio.open_unix_connection(self._there)
        return await asyncio.open_connection(*self._there)


class _Connection:
    def __init__(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._line = line
        self._reader = reader
        self._writers = [writer]
        self._has_lost = False
        self._running = asyncio.create_task(self._run())

    def reset(self) -> None:
        self._running.cancel()
        for writer in self._writers:
            abort(writer.transport)

    async def ended(self) -> None:
        await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        try:
            await self._line.flows.wait()
            try:
                reader, writer = await self._line.connected()
            except OSError:
                abort(self._writers[0].transport)
                return
            self._writers.append(writer)
            await asyncio.gather(self._forward(self._reader, writer), self._forward(reader, self._writers[0]))
        finally:
            for writer in self._writers:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = self._line
        try:
            while data := await reader.read(_PIECE):
                await line.flows.wait()
                if line.seconds:
                    await asyncio.sleep(line.seconds)
                if line.loses or self._has_lost:
                    self._has_lost = True
                    continue
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            abort(writer.transport)
        if line.loses or self._has_lost:  # the end, too, is heard of by nobody
            self._has_lost = True
            await asyncio.Event().wait()
        await line.flows.wait()
        writer.close()
