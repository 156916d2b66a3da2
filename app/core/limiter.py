"""Pools that callers share fairly. A caller is an organization, a user or an address."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from math import ceil
from typing import Generic, TypeVar

import prometheus_client as metrics

T = TypeVar("T")

_TAKEN = metrics.Gauge("polyhelm_pool_taken", "Slots in use, by pool.", ["pool"])
_WAITING = metrics.Gauge("polyhelm_pool_waiting", "Requests that wait for a slot, by pool.", ["pool"])
_REFUSED = metrics.Counter(
    "polyhelm_pool_refused_total", "Requests refused because too many were waiting, by pool.", ["pool"]
)

_NEARLY_FULL = 4
_FULL = 20
"""Multiples of the number of requests that one caller may have waiting."""


class PoolBusyError(Exception):
    """Too many requests of the caller, or of all callers, are waiting."""


class FairQueue(Generic[T]):
    """A queue that serves callers in turn, so that one with many entries does not keep others waiting."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, deque[T]] = {}
        """The entries of each caller. The next caller in turn comes first."""
        self._length = 0

    def put(self, caller: Hashable, entry: T) -> None:
        self._entries.setdefault(caller, deque()).append(entry)
        self._length += 1

    def take(self, may: Callable[[Hashable], bool] = lambda _: True) -> tuple[Hashable, T] | None:
        """Removes and returns the oldest entry of the next caller in turn that `may` accepts."""
        caller = next(filter(may, self._entries), None)
        if caller is None:
            return None
        entries = self._entries.pop(caller)
        entry = entries.popleft()
        if entries:
            self._entries[caller] = entries
        self._length -= 1
        return caller, entry

    def move_to_end(self, caller: Hashable) -> None:
        """Moves the caller to the end of the turn."""
        if caller in self._entries:
            self._entries[caller] = self._entries.pop(caller)

    def discard(self, caller: Hashable, entry: T) -> None:
        """Removes an entry, if it is still there."""
        entries = self._entries.get(caller, deque[T]())
        if entry in entries:
            entries.remove(entry)
            self._length -= 1
            if not entries:
                del self._entries[caller]

    def of(self, caller: Hashable) -> int:
        """The number of the caller's entries."""
        return len(self._entries.get(caller, ()))

    def __len__(self) -> int:
        return self._length


class Slot:
    """A slot of a pool, held until it is released."""

    def __init__(self, limiter: "Limiter", caller: Hashable) -> None:
        self._limiter = limiter
        self._caller = caller
        self._is_released = False

    def release(self) -> None:
        """Passes the slot to the next caller. Calling it again has no effect."""
        if not self._is_released:
            self._is_released = True
            self._limiter._release(self._caller)


class Limiter:
    """A semaphore with `slots`, of which one caller has at most `each` at once. A free slot goes to the caller whose
    last slot was released longest ago, among those that have fewer than `each`.

    `waiting` limits how many requests of one caller wait. If four times as many wait in total, a caller has at most one
    waiting; if twenty times as many wait, further requests are refused. `pool` is the label in the metrics.
    """

    def __init__(self, pool: str, slots: int, *, each: int | None = None, waiting: int | None = None) -> None:
        self.pool = pool
        self._free = slots
        self._each = slots if each is None else each
        self._most_waiting = waiting
        self.is_shared = True
        """Set it to False while there is only one caller, which may then use all slots."""
        self._taken: Counter[Hashable] = Counter()
        self._queue = FairQueue[asyncio.Future[Slot]]()
        self._metrics = _TAKEN.labels(pool), _WAITING.labels(pool), _REFUSED.labels(pool)

    @asynccontextmanager
    async def slot(self, caller: Hashable) -> AsyncIterator[Slot]:
        """Holds a slot while the block runs.

        Raises:
            PoolBusyError: Too many requests are waiting. It is raised immediately.
        """
        slot = await self.acquire(caller)
        try:
            yield slot
        finally:
            slot.release()

    async def acquire(self, caller: Hashable) -> Slot:
        """Waits for a slot, which the caller must release.

        Raises:
            PoolBusyError: Too many requests are waiting. It is raised immediately.
        """
        if (slot := self.acquire_now(caller)) is not None:
            return slot
        _, waiting, refused = self._metrics
        if self._has_full_queue(caller):
            refused.inc()
            raise PoolBusyError
        turn: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._queue.put(caller, turn)
        waiting.inc()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was granted just before
                turn.result().release()
            self._queue.discard(caller, turn)
            raise
        finally:
            waiting.dec()

    def acquire_now(self, caller: Hashable) -> Slot | None:
        """Returns a slot if the caller need not wait for it."""
        return self._grant(caller) if self._free and self._may(caller) else None

    @property
    def taken(self) -> int:
        """The number of slots in use."""
        return self._taken.total()

    def _may(self, caller: Hashable) -> bool:
        return not self.is_shared or self._taken[caller] < self._each

    def _has_full_queue(self, caller: Hashable) -> bool:
        most, total, own = self._most_waiting, len(self._queue), self._queue.of(caller)
        if most is None:
            return False
        return total >= most * _FULL or own >= (most if total < most * _NEARLY_FULL else 1)

    def _grant(self, caller: Hashable) -> Slot:
        self._free -= 1
        self._taken[caller] += 1
        self._metrics[0].inc()
        return Slot(self, caller)

    def _release(self, caller: Hashable) -> None:
        self._free += 1
        self._taken[caller] -= 1
        if not self._taken[caller]:
            del self._taken[caller]
        self._metrics[0].dec()
        self._queue.move_to_end(caller)
        while self._free and (found := self._queue.take(self._may)) is not None:
            next_caller, turn = found
            if not turn.done():  # otherwise the request was cancelled
                turn.set_result(self._grant(next_caller))


def share(slots: int, percent: int) -> int:
    """Returns the number of slots that one caller may use: at least one."""
    return max(1, ceil(slots * percent / 100))
