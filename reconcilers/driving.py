"""Drives a run in a worker: computes its steps and executes its attempts, for as long as anything happens."""

import asyncio
from contextlib import suppress

from app.automation.advancing import Advanced, OpenRun
from app.automation.attempts import Begun, Key, Outcome
from app.core.limiter import Limiter
from app.core.tenancy import acting_for
from app.durable.program import Pause
from app.fleet.services import AllServices
from app.steps.execution import execute
from app.tables.columns import now

LINGER_SECONDS = 10.0
"""How long a run stays in the worker after the last thing that happened in it: what comes next often comes soon."""


class Drive:
    """`limiter` has the slots of attempts."""

    def __init__(self, services: AllServices, limiter: Limiter, run: OpenRun, organization_id: int) -> None:
        self.run = run
        self._services = services
        self._limiter = limiter
        self._organization_id = organization_id
        self._news = asyncio.Event()
        self._executing: dict[Key, asyncio.Task[None]] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._outcomes: dict[Key, Outcome] = {}

    def hear(self) -> None:
        """Continues the run, because others may have changed its rows."""
        self.run.forget()
        self._news.set()

    async def until_quiet(self) -> Pause:
        """Continues the run until it has ended, or nothing has happened in it for a while.

        Raises:
            TakenOverError: another worker drives the run.
        """
        try:
            while True:
                self._news.clear()
                outcomes, self._outcomes = self._outcomes, {}
                with acting_for(self._organization_id):
                    advanced = await self.run.advance(outcomes)
                if advanced.has_ended:
                    return {"seconds": None, "has_ended": True}
                self._match(advanced)
                if not await self._something_happens(advanced):
                    return {"seconds": _seconds(advanced), "has_ended": False}
        finally:
            tasks = [*self._executing.values(), *self._stopping]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.gather(*tasks, return_exceptions=True)

    def _match(self, advanced: Advanced) -> None:
        """Executes the attempts that are open, and no others."""
        for key in [key for key in self._executing if key not in advanced.open]:
            task = self._executing.pop(key)
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)
            task.cancel()
        for key in advanced.open:
            if key not in self._executing and key not in self._outcomes:
                task = asyncio.create_task(self._execute(key, advanced.begun.get(key)))
                task.add_done_callback(lambda _: self._news.set())
                self._executing[key] = task

    async def _execute(self, key: Key, begun: Begun | None) -> None:
        async with self._limiter.slot(self._organization_id):
            outcome = await execute(self._services, key, begun)
        if self._executing.get(key) is not asyncio.current_task():
            return  # it was stopped
        del self._executing[key]
        if outcome is None:
            self.run.forget()
        else:
            self._outcomes[key] = outcome

    async def _something_happens(self, advanced: Advanced) -> bool:
        """Waits until something happens. Returns False if the run is quiet."""
        is_busy = bool(self._executing or self._stopping)
        seconds = _seconds(advanced)
        is_due = seconds is not None and (is_busy or seconds <= LINGER_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds if is_due else None if is_busy else LINGER_SECONDS):
                await self._news.wait()
        return is_busy or is_due or self._news.is_set()


def _seconds(advanced: Advanced) -> float | None:
    return None if advanced.next_at is None else max(0.0, (advanced.next_at - now()).total_seconds())
