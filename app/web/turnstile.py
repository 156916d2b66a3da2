"""What new connections and requests begin with, so much in each turn of the event loop, and an address after the other.

By itself an event loop accepts all connections that wait, and reads what has come on all of them, before it does
anything else: where thousands come at once, nobody is served for seconds."""

import asyncio
from collections.abc import Callable

from app.web.fair_queue import FairQueue

_AT_ONCE = 8
"""In one turn, at a quarter of a millisecond each."""


class Turnstile:
    def __init__(self) -> None:
        self._left = _AT_ONCE
        self._waiting = FairQueue[Callable[[], None]]()
        self._is_due = False

    def at_once(self) -> bool:
        """Whether there is room for one more in this turn of the loop, who takes it then."""
        if self._waiting or not self._left:
            return False
        self._left -= 1
        self._come_again()
        return True

    def wait(self, address: str, begin: Callable[[], None]) -> None:
        """Calls it in one of the next turns."""
        self._waiting.put(address, begin)
        self._come_again()

    def _come_again(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_due = False
        self._left = _AT_ONCE
        while self._waiting and self._left:
            self._left -= 1
            self._waiting.take()()
        if self._left < _AT_ONCE:
            self._come_again()
