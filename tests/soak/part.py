"""Processes of Polyhelm in the soak: each can be killed, started again, and made to stand still."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from app.program.cli import main
from tests.faults import Line
from tests.forks import Fork, forked

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Part:
    """`polyhelm VERB` with lines of its own to Postgres and Redis. What it logs is in `log`."""

    def __init__(
        self, name: str, verb: str, environment: Mapping[str, str], postgres: Line, redis: Line, log: Path
    ) -> None:
        self.name = name
        self.log = log
        self.postgres = postgres
        self.redis = redis
        self._verb = verb
        self._environment = environment
        self._process: Fork | None = None
        self._started = 0.0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def megabytes(self) -> int:
        """Of memory that it holds now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE // 2**20

    @property
    def age(self) -> float:
        return time.monotonic() - self._started

    def start(self) -> None:
        if not self.is_running:
            self._process = forked(_run, str(self.log), self._verb, environment=self._environment)
            self._started = time.monotonic()

    async def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    async def heal(self) -> None:
        self.thaw()
        await self.postgres.heal()
        await self.redis.heal()

    async def close(self) -> None:
        self.thaw()
        self._send(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                if self._process is not None:
                    await self._process.wait()
        await self.kill()

    def _send(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


def _run(log: str, verb: str) -> None:
    opened = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(opened, number)
    sys.argv = ["polyhelm", verb]
    main()
