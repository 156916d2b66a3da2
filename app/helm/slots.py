"""Limits how many Helm processes run at once, in total and for one organization. Processes that wait for a hook or for
readiness have a separate limit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core.limiter import Limiter, Slot, share


class HelmSlot:
    """A process's slot: in the pool for processes that work or, once it only waits, in the pool for those that wait."""

    def __init__(self, slot: Slot, waiting: Limiter, caller: int) -> None:
        self._slot = slot
        self._waiting = waiting
        self._caller = caller
        self._waits = False

    def wait(self) -> None:
        """Reports that the process only waits from now on. Another process may work instead, unless too many wait
        already."""
        if not self._waits and (slot := self._waiting.acquire_now(self._caller)) is not None:
            self._waits = True
            self._slot.release()
            self._slot = slot

    def release(self) -> None:
        self._slot.release()


class HelmSlots:
    """`percent` is the share of each pool that one organization may use."""

    def __init__(self, working: int, waiting: int, percent: int) -> None:
        self._working = Limiter("helm", working, each=share(working, percent))
        self._waiting = Limiter("helm_waiting", waiting, each=share(waiting, percent))

    @property
    def limiters(self) -> tuple[Limiter, Limiter]:
        return self._working, self._waiting

    @asynccontextmanager
    async def slot(self, organization_id: int) -> AsyncIterator[HelmSlot]:
        """Holds a slot while the block runs."""
        slot = HelmSlot(await self._working.acquire(organization_id), self._waiting, organization_id)
        try:
            yield slot
        finally:
            slot.release()
