"""Runs blocking work in threads: a limited number at once, and a limited number waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.core.errors import Conflict
from app.registers.common import CommonCode

Result = TypeVar("Result")


class Threads:
    def __init__(self, name: str, *, at_once: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, name)
        self._most = at_once + waiting
        self._given = 0

    async def run(self, work: Callable[[], Result]) -> Result:
        """Returns the result of the work.

        Raises:
            Conflict: Too much work is waiting. It is raised immediately.
        """
        if self._given >= self._most:
            raise Conflict(CommonCode.BUSY, "Too many users are signing in. Try again in a moment.")
        self._given += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._given -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
