"""Notifications, at their end."""

from redis.asyncio import Redis

from app.core.settings import Settings
from app.redis.notifications import EVENTS, Notifications


async def told(redis_url: str) -> int:
    """How many notifications Redis was ever given."""
    client: Redis = Redis.from_url(redis_url)
    try:
        statistics = await client.info("commandstats")
    finally:
        await client.aclose()
    return int(statistics.get("cmdstat_publish", {"calls": 0})["calls"])


async def test_one_that_is_told_before_the_end_is_waited_for_and_a_later_one_makes_no_connection(
    servers: Settings,
) -> None:
    assert servers.redis_url is not None
    before = await told(servers.redis_url)
    notifications = Notifications(servers.redis_url, EVENTS)
    notifications.tell_soon()
    await notifications.close()
    assert await told(servers.redis_url) == before + 1
    notifications.tell_soon()
    await notifications.close()
    assert await told(servers.redis_url) == before + 1
