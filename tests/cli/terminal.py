"""A terminal with a screen, and somebody who types: what a person sees, colours left aside."""

import asyncio
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pyte

from tests.cli.polyhelm import PROGRAM, Polyhelm

COLUMNS, LINES = 120, 30


@dataclass
class Terminal:
    process: asyncio.subprocess.Process
    descriptor: int
    raw: bytes = b""
    screen: pyte.Screen = field(default_factory=lambda: pyte.Screen(COLUMNS, LINES))
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._stream = pyte.ByteStream(self.screen)
        asyncio.get_running_loop().add_reader(self.descriptor, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:  # the program has closed it
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.descriptor)
        self.raw += data
        self._stream.feed(data)
        self.changed.set()

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    async def shows(self, words: str, seconds: float = 120) -> str:
        """The screen, as soon as these words are on it."""
        try:
            async with asyncio.timeout(seconds):
                while words not in self.text:
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"{words!r} is not on the screen:\n{self.text}") from None
        return self.text

    def type(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), 30)


@asynccontextmanager
async def terminal(program: Polyhelm, *arguments: str, **more: str) -> AsyncIterator[Terminal]:
    """The program, run in a terminal of its own until the block ends."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = program.environment(**({"TERM": "xterm-256color"} | more))
    del environment["COLUMNS"]
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, *arguments),
        cwd=program.home,
        env=environment,
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(its)
    try:
        yield Terminal(process, ours)
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        if process.returncode is None:
            process.kill()
        await process.wait()
        os.close(ours)
