"""Notifications, at their end."""

from contextlib import aclosing

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

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


async def test_a_notification_before_the_end_is_sent_and_a_later_one_opens_no_connection(
    servers: Settings,
) -> None:
    assert servers.redis_url is not None
    before = await told(servers.redis_url)
    notifications = Notifications(servers.redis_url, EVENTS)
    notifications.notify_soon()
    await notifications.close()
    assert await told(servers.redis_url) == before + 1
    notifications.notify_soon()
    await notifications.close()
    assert await told(servers.redis_url) == before + 1


async def test_a_receiver_continues_after_an_unexpected_error(
    servers: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert servers.redis_url is not None
    subscribe = PubSub.subscribe
    failed: list[object] = []

    async def first_fails(self: PubSub, *channels: str) -> None:
        if not failed:
            failed.append(self)
            raise ValueError("nobody expected this")
        await subscribe(self, *channels)

    monkeypatch.setattr(PubSub, "subscribe", first_fails)
    notifications = Notifications(servers.redis_url, EVENTS)
    async with aclosing(notifications.listen()) as hears:
        assert [await anext(hears), await anext(hears)] == [False, True]
    await notifications.close()
