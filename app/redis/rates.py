"""Rate limits: token buckets in Redis that all API processes share and that refill at a constant pace (generic cell
rate algorithm).

Without Redis, everything is allowed, so that its loss does not lock operators out. An event in each organization
reports when this starts and when it ends.
"""

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from sqlmodel import select

from app.core.transaction import Transaction
from app.redis.codes import RateEvent
from app.redis.commands import LOST, RedisCommands
from app.tables.identity import Organization

log = structlog.get_logger()

_PREFIX = "polyhelm:rate:"
_CONNECTIONS = 20
_ANSWER_SECONDS = 0.5
_AGAIN_SECONDS = 1.0
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local filled, wait = {}, 0
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  filled[i] = math.max(tonumber(redis.call('GET', key) or 0), now) + interval
  wait = math.max(wait, filled[i] - burst * interval - now)
end
if wait > 0 then return math.ceil(wait) end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', filled[i]), 'PX', math.ceil((filled[i] - now) / 1000))
end
return 0
"""
"""Takes one token from every bucket, or from none if one is empty, and returns the microseconds until all have one.

A bucket is stored as the time at which it will be full, and expires then.
"""


@dataclass(frozen=True)
class Bucket:
    """A bucket: its owner (`key`), the tokens added per minute, and its capacity."""

    key: str
    per_minute: float
    burst: int


class Rates:
    """Created without a connection. The first use connects.

    `report_change` is awaited with True when limits are suspended, and with False when they apply again.
    """

    def __init__(self, redis_url: str, report_change: Callable[[bool], Awaitable[None]]) -> None:
        pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
            redis_url,
            max_connections=_CONNECTIONS,
            timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_ANSWER_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._take = self._redis.register_script(_SCRIPT)
        self._commands = RedisCommands()
        self._report_change = report_change
        self._reporting: set[asyncio.Task[None]] = set()
        self._away = False
        self._again_at = 0.0

    async def take(self, *buckets: Bucket) -> float:
        """Takes one token from each bucket. Returns 0, or the seconds to wait if none was taken."""
        if self._away and time.monotonic() < self._again_at:
            return 0
        self._again_at = time.monotonic() + _AGAIN_SECONDS  # other requests do not wait for Redis meanwhile
        rates = [number for bucket in buckets for number in (60e6 / bucket.per_minute, bucket.burst)]
        try:
            taking = self._take(keys=[_PREFIX + bucket.key for bucket in buckets], args=rates)
            wait: int = await self._commands.run(taking)
        except LOST as error:
            self._set_away(True, str(error))
            return 0
        self._set_away(False)
        return wait / 1e6

    async def remember(self, key: str, seconds: int) -> None:
        """Stores a key for a time, if Redis is available."""
        try:
            await self._commands.run(self._redis.set(_PREFIX + key, "", ex=seconds))
        except LOST as error:
            log.warning("rates.redis_lost", error=str(error))

    async def remembers(self, key: str) -> bool:
        try:
            return bool(await self._commands.run(self._redis.exists(_PREFIX + key)))
        except LOST:
            return False

    def _set_away(self, away: bool, error: str | None = None) -> None:
        if away == self._away:
            return
        self._away = away
        log.warning(RateEvent.SUSPENDED if away else RateEvent.RESUMED, error=error)
        task = asyncio.create_task(self._report(away))
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)

    async def _report(self, away: bool) -> None:
        try:
            await self._report_change(away)
        except Exception:
            log.exception("rates.not_recorded")

    async def close(self) -> None:
        await self._commands.ended()
        await asyncio.gather(*self._reporting)
        await self._redis.aclose()


def key_of_address(address: str | None) -> str:
    """Returns the common part of the addresses of one caller: a /64 network for IPv6."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "nowhere"
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


async def record_suspension(begin: Callable[[], AbstractAsyncContextManager[Transaction]], away: bool) -> None:
    """Records the event in each organization."""
    kind, message = (
        (
            RateEvent.SUSPENDED,
            "Redis cannot be reached. Rate limits are suspended until it is back.",
        )
        if away
        else (RateEvent.RESUMED, "Redis is back. Rate limits apply again.")
    )
    async with begin() as transaction:
        for organization_id in (await transaction.session.exec(select(Organization.id))).all():
            transaction.record(kind, message, organization_id=organization_id)
