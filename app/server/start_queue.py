"""Starts new connections and requests one at a time, addresses in turn, and only every few turns of the event loop.

By itself an event loop accepts all connections that wait, and reads what has come on all of them, before it does
anything else: where thousands come at once, nobody is served for seconds. To answer a request takes many turns of the
loop, as each query to Postgres does: so each turn has to be short."""

import asyncio
from collections.abc import Callable

from app.core.limiter import FairQueue

_EVERY = 4
"""Turns of the loop, in the first of which something is begun. What follows from it is done in the others."""


class StartQueue:
    def __init__(self) -> None:
        self._closed_for = 0
        """Turns of the loop."""
        self._waiting = FairQueue[Callable[[], None]]()
        self._is_due = False

    def at_once(self) -> bool:
        """Whether there is room for one more in this turn of the loop, who takes it then."""
        if self._closed_for or self._waiting:
            return False
        self._close()
        return True

    def wait(self, address: str, begin: Callable[[], None]) -> None:
        """Calls it in one of the next turns."""
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
            self._close()  # before, so that what goes wrong there holds up nobody
            found[1]()
        if self._waiting or self._closed_for:
            self._come_again()
