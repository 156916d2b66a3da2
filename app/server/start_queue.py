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
        self._closed_for = 0
        """The number of turns of the loop."""
        self._waiting = FairQueue[Callable[[], None]]()
        self._is_due = False

    def at_once(self) -> bool:
        """Returns whether one more may be started in this turn of the loop, and counts it."""
        if self._closed_for or self._waiting:
            return False
        self._close()
        return True

    def wait(self, address: str, begin: Callable[[], None]) -> None:
        """Calls the function in one of the next turns."""
        self._waiting.put(address, begin)
        self._come_again()

    def _close(self) -> None:
        self._closed_for = _EVERY
        self._come_again()

    def _come_again(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_due = False
        if self._closed_for:
            self._closed_for -= 1
        if self._waiting and not self._closed_for:
            found = self._waiting.take()
            assert found is not None
            self._close()  # before the call, so that an error in it delays no other
            found[1]()
        if self._waiting or self._closed_for:
            self._come_again()
