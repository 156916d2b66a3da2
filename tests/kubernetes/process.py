"""A program that runs beside the tests, never outlives them, and shows its log when it fails."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOST = "127.0.0.1"
LOG_TAIL = 4000
POLL_INTERVAL = 0.02


class StartFailed(Exception):  # noqa: N818 - it says what happened
    """A program ended or stayed unready; the message ends with the tail of its log."""


class Process:
    """A program with its log in a file.

    It runs in a session of its own, so that a Ctrl-C at the terminal reaches only the one that cleans up, and is killed
    by the kernel when the thread that started it ends: a killed test run leaves nothing behind. So start it from a
    thread that lasts. (Where `setpriv` is not installed, a killed test run does leave it behind.)
    """

    def __init__(self, command: Sequence[str | Path], log: Path) -> None:
        self._command = [str(part) for part in command]
        self._log = log
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        if self.running:
            raise RuntimeError(f"{self._command[0]} runs already")
        with self._log.open("wb") as log:
            self._popen = subprocess.Popen(
                [*dying_with_parent("KILL"), *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        if self._popen is not None:
            self._popen.send_signal(number)

    async def stop(self, grace: float = 5.0) -> None:
        """Ask it to end, wake it if it is suspended, and kill it when the grace (seconds) is over; 0 kills at once."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        try:
            async with asyncio.timeout(grace):
                await self.ended()
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.ended()

    async def ended(self) -> None:
        while self.running:  # noqa: ASYNC110 - a child that ends sets no Event
            await asyncio.sleep(POLL_INTERVAL)

    async def answers(self, url: str, *, token: str = "", ca: str = "", timeout: float = 180.0) -> None:
        """Wait until a GET is answered with 200. Raises StartFailed when it ends or `timeout` (seconds) is over."""
        tls = ssl.create_default_context(cadata=ca) if ca else True
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        problem = "it was never asked"
        try:
            async with asyncio.timeout(timeout), aiohttp.ClientSession(headers=headers) as session:
                while self.running:
                    try:
                        async with session.get(url, ssl=tls, timeout=aiohttp.ClientTimeout(total=5)) as response:
                            problem = f"it answered {response.status}: {(await response.text())[:500]}"
                            if response.status == 200:
                                return
                    except (aiohttp.ClientError, OSError) as error:
                        problem = repr(error)
                    await asyncio.sleep(POLL_INTERVAL)
        except TimeoutError:
            raise self._failure(f"was not ready in {timeout:g} s, {problem}") from None
        raise self._failure(f"ended with code {self._popen.returncode if self._popen else None}")

    def _failure(self, what: str) -> StartFailed:
        tail = self._log.read_bytes()[-LOG_TAIL:].decode(errors="replace")
        return StartFailed(f"{self._command[0]} {what}; the end of {self._log}:\n{tail}")


class Port:
    """A port of the loopback interface that stays ours while nothing listens on it.

    The socket is bound but never listens, and the server shares the port (SO_REUSEPORT): nobody can take it before the
    server's start or while it is stopped, and clients are refused as they should be. Ports lie below the range from
    which the kernel takes those of outgoing connections, so one that is kept on disk is most likely free again later.
    """

    def __init__(self, number: int | None = None) -> None:
        self._socket, self.number = _bound(number) if number else _bound_anywhere()

    def close(self) -> None:
        self._socket.close()


def _bound_anywhere() -> tuple[socket.socket, int]:
    for candidate in random.sample(range(15000, 32000), 100):
        try:
            return _bound(candidate)
        except OSError:
            continue
    raise OSError("no free port between 15000 and 32000")


def _bound(number: int) -> tuple[socket.socket, int]:
    """Bind without sharing first: a socket that shares would also join a server of ours that is still running."""
    with socket.socket() as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind((HOST, number))
    shared = socket.socket()
    try:
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.bind((HOST, number))
    except OSError:
        shared.close()
        raise
    return shared, number


def dying_with_parent(signal_name: str) -> list[str]:
    """The words before a command that let the kernel signal it when its parent dies; none where `setpriv` is absent."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name, "--"] if setpriv else []
