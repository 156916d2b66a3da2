"""Limits work that keeps the event loop busy, such as parsing a large document."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from app.admission.refusal import Refusal
from app.core.limiter import Limiter, PoolBusyError
from app.registers.common import CommonCode

_WAITING = 50  # waiting requests of one caller
_PAUSES = 4


class ParseLimiter:
    """Runs one request at a time, callers in turn. After each, other work gets four times as long before the next one
    starts."""

    def __init__(self, pool: str) -> None:
        self._limiter = Limiter(pool, 1, waiting=_WAITING)

    @asynccontextmanager
    async def slot(self, caller: Hashable) -> AsyncIterator[None]:
        """Waits for the caller's turn.

        Raises:
            Refusal: Too many requests are waiting. It is raised immediately.
        """
        try:
            slot = await self._limiter.acquire(caller)
        except PoolBusyError:
            message = "Too many requests are waiting. Try again in a moment."
            raise Refusal(503, CommonCode.BUSY, message, {"Retry-After": "1"}) from None
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            yield
        finally:
            loop.call_later(_PAUSES * (loop.time() - began), slot.release)
