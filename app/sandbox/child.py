"""A warm child process that answers requests, one after another.

Requests and answers are bytes, each preceded by its length in four bytes, on the socket that is the child's standard
input.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from app.sandbox import process
from app.sandbox.limits import Limits

MAX_ANSWER = 32 * 2**20
"""The maximum size of an answer in bytes."""


class ChildEndedError(Exception):
    """The child ended instead of answering. `code` is its exit code, negative for a signal."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Child:
    """Runs a Python program that serves requests (`app.sandbox.serving`).

    It gets an empty environment, no file descriptor except the socket, and no TCP connections. Call `end` to stop it;
    it also ends with this process.
    """

    def __init__(self, program: Path, arguments: Sequence[str], limits: Limits) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        try:
            with theirs:
                self._process = process.start(
                    [sys.executable, "-I", str(program), *arguments],
                    environment={},
                    folder=Path("/"),
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    limits=limits,
                    ports=(),
                )
        except BaseException:
            self._socket.close()
            raise
        self.ended = asyncio.ensure_future(self._wait())
        """Done once the process has ended and was reaped."""

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, request: bytes) -> bytes:
        """Returns the answer to a request. A cancelled request leaves the child unusable: call `end`.

        Raises:
            ChildEndedError: The child ended instead.
        """
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):
            await loop.sock_sendall(self._socket, len(request).to_bytes(4, "big") + request)
            head = await self._receive(4)
            size = int.from_bytes(head, "big")
            if head and size <= MAX_ANSWER and (answer := await self._receive(size)):
                return answer
        await self.end()
        raise ChildEndedError(await self.ended)

    async def end(self) -> None:
        """Kills the process, unless it is ending already, and waits for it."""
        if not self.ended.done():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        try:
            await asyncio.shield(self.ended)
        finally:
            self.close()

    def close(self) -> None:
        """Removes a process that has ended."""
        self._socket.close()

    async def _receive(self, size: int) -> bytes:
        """Reads a number of bytes. Returns None if the child ended before."""
        loop = asyncio.get_running_loop()
        found = bytearray()
        while len(found) < size:
            piece = await loop.sock_recv(self._socket, min(size - len(found), 2**18))
            if not piece:
                return b""
            found += piece
        return bytes(found)

    async def _wait(self) -> int:
        try:
            return await self._process.wait()
        finally:
            self._process.close()
