"""Turns at what keeps the event loop busy: one at a time, a caller after the other, and when one is over, others are
served for four times as long before the next one begins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.admission.fair_queue import FairQueue
from app.admission.refusal import Refusal
from app.registers.common import CommonCode

_MOST_WAITING = 1_000
_MANY_WAITING = 200
"""From here on, a caller has one of them: a few who have many keep nobody out."""
_MOST_OF_ONE = 50
_PAUSES = 4


class Turns:
    def __init__(self) -> None:
        self._is_taken = False
        self._waiting = FairQueue[asyncio.Future[None]]()

    @asynccontextmanager
    async def one(self, caller: str) -> AsyncIterator[None]:
        """A turn, once it has come.

        Raises:
            Refusal: at once, where too many wait already.
        """
        most_of_one = _MOST_OF_ONE if len(self._waiting) < _MANY_WAITING else 1
        if len(self._waiting) >= _MOST_WAITING or self._waiting.of(caller) >= most_of_one:
            message = "Too many requests wait to be read: try again in a moment."
            raise Refusal(503, CommonCode.BUSY, message, {"Retry-After": "1"})
        await self._come(caller)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            yield
        finally:
            loop.call_later(_PAUSES * (loop.time() - began), self._pass_on)

    async def _come(self, caller: str) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.put(caller, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had just come
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            turn = self._waiting.take()
            if not turn.done():  # else who waited for it has gone
                turn.set_result(None)
                return
        self._is_taken = False
