"""Commands to Redis: the errors that they raise, and commands that run to completion."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from redis.exceptions import RedisError

LOST = (RedisError, OSError, RuntimeError)
"""The errors that a command raises if Redis is unavailable. uvloop raises RuntimeError if a connection is reset just
before a write."""

Answer = TypeVar("Answer")


class RedisCommands:
    """Runs Redis commands to completion even if the caller is cancelled, and then closes the client.

    A redis-py command that is cancelled would leave its connection behind.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Future[Any]] = set()

    async def run(self, command: Awaitable[Answer]) -> Answer:
        task = asyncio.ensure_future(command)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def ended(self) -> None:
        await asyncio.gather(*self._running, return_exceptions=True)
