"""Shares the slots of a worker fairly between organizations.

A wake-up says that an organization may have work: targets with open results, or jobs. What is due is read from Postgres
once the organization has a slot, so no work is lost when a worker ends: work that finds no slot stays due, and is read
when a slot is free.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

import structlog
from cachetools import TTLCache

from app.core.database import LOST
from app.core.limiter import Limiter, Slot
from app.core.tenancy import acting_for

log = structlog.get_logger()

_BATCH = 50
_FRESH_SECONDS = 1.0
"""How long the due work that was read may be used."""
_REFUSED_SECONDS = 1.0
"""How long work is skipped after there was nothing to do, or another worker was already doing it."""


class Due(Protocol):
    """Reads the ids of an organization's due work, the oldest first."""

    async def __call__(self, organization_id: int | None, /, *, without: Collection[int], limit: int) -> list[int]: ...


class Dispatcher:
    """Starts due work. `work_on` does the work with an id, and returns whether there was anything to do."""

    def __init__(self, limiter: Limiter, due: Due, work_on: Callable[[int], Awaitable[bool]]) -> None:
        self.limiter = limiter
        self._due = due
        self._work_on = work_on
        self._noted: set[int | None] = set()
        self._serving: dict[int | None, asyncio.Task[None]] = {}
        """The tasks that start work, by organization."""
        self._running: dict[int, asyncio.Task[None]] = {}
        """The tasks that do the work, by its id."""
        self._refused: TTLCache[int, None] = TTLCache(10_000, _REFUSED_SECONDS)
        self._is_stopping = False

    def note(self, organization_id: int | None) -> None:
        """Starts an organization's due work while there are free slots, and the rest as slots become free."""
        if self._is_stopping:
            return
        self._noted.add(organization_id)
        if organization_id not in self._serving:
            self._serving[organization_id] = asyncio.create_task(self._serve(organization_id))

    async def stop(self, *, grace: float) -> None:
        """Starts no more work, gives running work `grace` seconds to finish, and cancels the rest."""
        self._is_stopping = True
        serving = list(self._serving.values())
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        running = list(self._running.values())
        if running:
            await asyncio.wait(running, timeout=grace)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _serve(self, organization_id: int | None) -> None:
        try:
            while organization_id in self._noted:
                self._noted.discard(organization_id)
                await self._start_due(organization_id)
        except LOST as error:
            log.warning("dispatcher.database_lost", organization=organization_id, error=str(error))
        finally:
            del self._serving[organization_id]

    async def _start_due(self, organization_id: int | None) -> None:
        loop = asyncio.get_running_loop()
        due: deque[int] = deque()
        read_at = 0.0
        while True:
            slot = await self.limiter.acquire(organization_id)
            try:
                if not due or loop.time() - read_at > _FRESH_SECONDS:
                    passed_over = [*self._running, *self._refused]
                    found = await self._due(organization_id, without=passed_over, limit=_BATCH)
                    due, read_at = deque(found), loop.time()
            except BaseException:
                slot.release()
                raise
            if not due:
                slot.release()
                return
            self._start(organization_id, due.popleft(), slot)

    def _start(self, organization_id: int | None, work_id: int, slot: Slot) -> None:
        if work_id in self._running:  # since the work was read, an earlier wake-up has started it
            slot.release()
            return
        self._running[work_id] = asyncio.create_task(self._work(organization_id, work_id, slot))

    async def _work(self, organization_id: int | None, work_id: int, slot: Slot) -> None:
        had_work = False
        try:
            with acting_for(organization_id):
                had_work = await self._work_on(work_id)
        except LOST as error:
            log.warning("dispatcher.database_lost", work=work_id, error=str(error))
        except Exception:
            log.exception("dispatcher.failed", work=work_id)
        finally:
            slot.release()
            del self._running[work_id]
        if had_work:
            self.note(organization_id)  # more work may have come, or may have waited for this cluster's slot
        else:
            self._refused[work_id] = None
