"""Limits work that keeps the event loop busy, such as parsing a large document."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from app.admission.refusal import Refusal
from app.core.limiter import Limiter, PoolBusyError
from app.registers.common import CommonCode

_WAITING = 50  # requests of one caller
_PAUSES = 4


class ParseLimiter:
    """Lets one request at a time work, callers in turn. After each, others are served for four times as long as it took
    before the next one begins."""

    def __init__(self, pool: str) -> None:
        self._limiter = Limiter(pool, 1, waiting=_WAITING)

    @asynccontextmanager
    async def slot(self, caller: Hashable) -> AsyncIterator[None]:
        """Waits for the caller's turn.

        Raises:
            Refusal: at once, if too many requests wait already.
        """
        try:
            slot = await self._limiter.acquire(caller)
        except PoolBusyError:
            message = "Too many requests wait to be read: try again in a moment."
            raise Refusal(503, CommonCode.BUSY, message, {"Retry-After": "1"}) from None
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            yield
        finally:
            loop.call_later(_PAUSES * (loop.time() - began), slot.release)
