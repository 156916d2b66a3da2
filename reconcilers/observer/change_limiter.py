"""Limits how many changes from watches are processed per second."""

import asyncio
import time
from collections.abc import Hashable


class ChangeLimiter:
    """Each source may send `rate` changes per second, and `burst` at once. A source that sends more is read more
    slowly, so that its API server has to wait."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._allowance = burst / rate
        self._paid_until: dict[Hashable, float] = {}

    async def take(self, source: Hashable, changes: int) -> None:
        """Counts changes, and waits while the source is over its limit."""
        moment = time.monotonic()
        until = max(self._paid_until.get(source, 0.0), moment - self._allowance) + changes / self._rate
        self._paid_until[source] = until
        if until > moment:
            await asyncio.sleep(until - moment)

    def forget(self, source: Hashable) -> None:
        self._paid_until.pop(source, None)
