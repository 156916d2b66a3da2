"""Notifications between processes, through Redis pub/sub. They carry no content: the receiver reads Postgres.

A lost notification costs a short delay: receivers also look from time to time, more often while Redis is away.
"""

import asyncio
from collections.abc import AsyncGenerator

import structlog
from redis.asyncio import Redis

from app.redis.commands import LOST

log = structlog.get_logger()

EVENTS = "polyhelm:events"
WAKES = "polyhelm:wakes"
STOPS = "polyhelm:stops"
RUNS = "polyhelm:runs"
_CONNECT_SECONDS = 5.0
_AGAIN_SECONDS = 0.5


class Notifications:
    """Created without a connection; the first use connects."""

    def __init__(self, redis_url: str, channel: str) -> None:
        self._channel = channel
        self._redis: Redis = Redis.from_url(redis_url, socket_connect_timeout=_CONNECT_SECONDS, health_check_interval=5)
        self._sending: asyncio.Task[None] | None = None
        self._more = False
        self._is_closed = False

    def notify_soon(self) -> None:
        """Sends a notification without waiting for Redis. Calls at the same moment send one. After `close` it does
        nothing, since it would leave a connection open."""
        if self._is_closed:
            return
        self._more = True
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._more:
            self._more = False
            try:
                await self._redis.publish(self._channel, b"")
            except LOST as error:
                log.warning("notifications.redis_lost", error=str(error))

    async def listen(self) -> AsyncGenerator[bool]:
        """Yields True for each notification and each reconnection to Redis, and False when the connection is lost."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=False) as channel:
                    await channel.subscribe(self._channel)
                    async for _ in channel.listen():
                        yield True
            except LOST as error:
                log.warning("notifications.redis_lost", error=str(error))
            except Exception:
                log.exception("notifications.failed")  # a receiver that hears nothing more would be late for good
            yield False
            await asyncio.sleep(_AGAIN_SECONDS)

    async def close(self) -> None:
        self._is_closed = True
        if self._sending is not None:
            await asyncio.gather(self._sending, return_exceptions=True)
        await self._redis.aclose()
