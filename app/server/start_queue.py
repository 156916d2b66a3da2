"""Starts new connections and requests one at a time, addresses in turn, and only every few turns of the event loop.

An event loop accepts all waiting connections, and reads from all of them, before it does anything else. If thousands
arrive at once, no other caller is served for seconds. Answering a request takes many turns of the loop, as each query
to Postgres does, so each turn must be short.
"""

import asyncio
from collections.abc import Callable

from app.core.limiter import FairQueue

_EVERY = 4
"""The number of turns of the loop for each start. Its first turn starts something, the others do the work that
follows."""


class StartQueue:
    def __init__(self) -> None:
        self._paused_for = 0
        """The number of turns of the loop until the next start."""
        self._waiting = FairQueue[Callable[[], None]]()
        self._is_due = False

    def try_start(self) -> bool:
        """Counts one start in this turn of the loop, and returns True, unless it has to wait: then `put` it."""
        if self._paused_for or self._waiting:
            return False
        self._pause()
        return True

    def put(self, address: str, begin: Callable[[], None]) -> None:
        """Calls the function in one of the next turns."""
        self._waiting.put(address, begin)
        self._schedule()

    def _pause(self) -> None:
        self._paused_for = _EVERY
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_due = False
        if self._paused_for:
            self._paused_for -= 1
        if self._waiting and not self._paused_for:
            found = self._waiting.take()
            assert found is not None
            self._pause()  # before the call, so that an error in it delays no other
            found[1]()
        if self._waiting or self._paused_for:
            self._schedule()
