"""Turns at what keeps the event loop busy: one at a time, and when one is over, others are served for four times as
long before the next one begins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from resolvers import limits

_MOST_WAITING = 200
_PAUSES = 4


class Turns:
    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A turn, once it has come.

        Raises:
            GraphQLError: at once, where too many wait already.
        """
        if self._waiting >= _MOST_WAITING:
            raise limits.busy()
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            yield
        finally:
            loop.call_later(_PAUSES * (loop.time() - began), self._lock.release)
