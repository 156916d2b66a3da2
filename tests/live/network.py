"""A network between Polyhelm and the members that can be cut: nothing is forwarded any more, and nothing is closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from simulator import Member


class Network:
    def __init__(self, port: int) -> None:
        self._port = port
        self._open = asyncio.Event()
        self._open.set()
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    def kubeconfig(self, member: Member) -> str:
        """A kubeconfig that leads through this network."""
        return member.kubeconfig.replace(f":{self._port}/", f":{self.port}/")

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self._port)
        forwarding = [self._forward(reader, there[1]), self._forward(there[0], writer)]
        self._connections |= {asyncio.create_task(each) for each in forwarding}

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(2**16):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def close(self) -> None:
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


@asynccontextmanager
async def network(member: Member) -> AsyncIterator[Network]:
    """To the simulator that has this member."""
    port = urlsplit(member.server).port
    assert port is not None
    opened = Network(port)
    server = await asyncio.start_server(opened.connect, "127.0.0.1", 0)
    opened.port = server.sockets[0].getsockname()[1]
    try:
        yield opened
    finally:
        server.close()
        await opened.close()
