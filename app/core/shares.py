"""A pool whose places callers take in turn, so that a caller who wants many keeps no other from theirs."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class PoolBusyError(Exception):
    """The caller has as many requests waiting as it may."""


class Shares:
    """`places` in all, of which one caller has at most `most` at once; at most `waiting` more of its requests wait.

    A free place goes to the caller that has waited longest since its last turn and has fewer than `most`.
    """

    def __init__(self, places: int, most: int, waiting: int) -> None:
        self._free = places
        self._most = most
        self._longest = waiting
        self._taken: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}
        """By caller; the one whose turn it is comes first."""

    @asynccontextmanager
    async def place(self, caller: Hashable) -> AsyncIterator[None]:
        """A place, once there is one.

        Raises:
            PoolBusyError: at once, where too many requests of the caller wait already.
        """
        await self._take(caller)
        try:
            yield
        finally:
            self._give_back(caller)

    def taken(self) -> int:
        """How many places are taken, by all callers."""
        return self._taken.total()

    async def _take(self, caller: Hashable) -> None:
        if self._free and self._taken[caller] < self._most:
            self._grant(caller)
            return
        waiting = self._waiting.setdefault(caller, deque())
        if len(waiting) >= self._longest:
            raise PoolBusyError
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was granted just before
                self._give_back(caller)
            raise

    def _grant(self, caller: Hashable) -> None:
        self._free -= 1
        self._taken[caller] += 1

    def _give_back(self, caller: Hashable) -> None:
        self._free += 1
        self._taken[caller] -= 1
        if not self._taken[caller]:
            del self._taken[caller]
        self._to_the_end(caller)
        self._pass_on()

    def _pass_on(self) -> None:
        """Gives free places to those whose turn it is."""
        for caller in list(self._waiting):
            if self._free and self._taken[caller] < self._most and (turn := self._next(caller)) is not None:
                self._grant(caller)
                turn.set_result(None)
                self._to_the_end(caller)

    def _next(self, caller: Hashable) -> asyncio.Future[None] | None:
        """The request of a caller that has waited longest, taken out of the queue; None where none waits."""
        waiting = self._waiting.get(caller, deque())
        while waiting:
            turn = waiting.popleft()
            if not waiting:
                del self._waiting[caller]
            if not turn.done():  # else the request was given up
                return turn
        return None

    def _to_the_end(self, caller: Hashable) -> None:
        if caller in self._waiting:
            self._waiting[caller] = self._waiting.pop(caller)
