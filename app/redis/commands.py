"""Commands to Redis: what they raise where it is away, and commands that run to their end."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from redis.exceptions import RedisError

LOST = (RedisError, OSError, RuntimeError)
"""What a command raises where Redis is away. The RuntimeError is uvloop's, for a connection that was reset a moment
before something is written to it."""

Answer = TypeVar("Answer")


class RedisCommands:
    """Cut off in the middle of a command, redis-py would leave its connection behind: a command goes on though whoever
    waits for it is cancelled, and its client is closed once all have ended."""

    def __init__(self) -> None:
        self._running: set[asyncio.Future[Any]] = set()

    async def run(self, command: Awaitable[Answer]) -> Answer:
        task = asyncio.ensure_future(command)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def ended(self) -> None:
        await asyncio.gather(*self._running, return_exceptions=True)
