"""What must not be touched: a port that nobody may connect to, and a file that nobody may open."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Listener:
    """A port of this machine, and the first bytes of each connection to it."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(b"")
        number = len(self.heard) - 1
        try:
            self.heard[number] = await reader.read(100)
        finally:
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """Listens on 127.0.0.1."""
    listener = Listener()
    server = await asyncio.start_server(listener.connected, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener


class Pipe:
    """A named pipe. Whoever opens it for reading waits, and is seen: only then can it be opened for writing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)

    @property
    def is_open(self) -> bool:
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno == errno.ENXIO:
                return False
            raise
        return True
