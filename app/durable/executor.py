"""The engine of this process, opened when it is first needed: its threads and connections are not free."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from app.durable.program import Program

if TYPE_CHECKING:
    from app.durable.engine import Engine  # DBOS takes time and memory to import

_OPENING_SECONDS = 30

Found = TypeVar("Found")


class NotExecutingError(Exception):
    """This process does not execute workflows."""


class Executor:
    """Workers open it; in other processes, its calls fail. `wanted` is set by the first call."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self.wanted = asyncio.Event()
        self._is_open = asyncio.Event()
        self._engine: Engine | None = None

    async def open(self, name: str, program: Program) -> None:
        """Begins to execute. `name` stands beside what this worker executes; no other worker ever has it."""
        from app.durable.engine import Engine

        engine = Engine(self._url, name, program)
        await engine.start()
        self._engine = engine
        self._is_open.set()

    async def close(self) -> None:
        """Stops executing. What has not ended is continued when another worker resumes it."""
        engine, self._engine = self._engine, None
        self._is_open.clear()
        self.wanted.clear()
        if engine is not None:
            await engine.stop()

    async def start(self, run_id: int, epoch: int) -> None:
        """Starts an interpreter of a run."""
        from app.durable import engine

        await self._call(lambda: engine.start(run_id, epoch))

    async def wake(self, run_id: int, epoch: int) -> None:
        """Has a run continued: by this process if it drives the run, and else by its interpreter, which is started if
        there is none."""
        from app.durable import engine

        if self._engine is None or not self._engine.program.hear(run_id, epoch):
            await self._call(lambda: engine.wake(run_id, epoch))

    async def resume(self, executor: str) -> int:
        from app.durable import engine

        return await self._call(lambda: engine.resume(executor))

    async def ended_among(self, names: list[tuple[int, int]]) -> set[tuple[int, int]]:
        from app.durable import engine

        return await self._call(lambda: engine.ended_among(names))

    async def remove_ended(self, before: datetime) -> int:
        from app.durable import engine

        return await self._call(lambda: engine.remove_ended(before))

    async def _call(self, make: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
        """Runs a coroutine of the engine once it is open.

        Raises:
            NotExecutingError: it does not open.
        """
        self.wanted.set()
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                await self._is_open.wait()
        except TimeoutError:
            raise NotExecutingError(f"The engine of workflows did not open within {_OPENING_SECONDS} s.") from None
        if self._engine is None:
            raise NotExecutingError("The engine of workflows is closed.")
        return await self._engine.call(make())
