"""What waits for followers that do not read: it is bounded for each organization, and no other loses anything by it."""

from contextlib import AsyncExitStack
from typing import Any, cast

import pytest

from app.core.database import Database
from app.events import feed as module
from app.events.feed import Feed
from app.redis.notifications import Notifications
from app.tables.events import Event


def events(organization_id: int, first: int, number: int) -> list[Event]:
    return [
        Event(position=first + at, organization_id=organization_id, kind="test", message="") for at in range(number)
    ]


async def test_followers_of_an_organization_that_do_not_read_keep_a_bounded_number_of_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_OF_ORGANIZATION", 25)
    feed = Feed(cast(Database, None), cast(Notifications, None), most=100, percent=75)

    def pick(event: Event) -> tuple[Any]:
        return (event.position,)

    async with AsyncExitStack() as opened:
        acme = [await opened.enter_async_context(feed._following(1, pick, None)) for _ in range(3)]
        other = await opened.enter_async_context(feed._following(2, pick, None))
        await feed._tell(events(1, 1, 10) + events(2, 11, 10))
        assert feed.unread == {1: 21, 2: 10}
        found = [await follower.changed() for follower in acme]
        assert [len(changed.keys) for changed in found].count(10) == 2
        assert [changed.too_much for changed in found].count(True) == 1
        kept = await other.changed()
        assert (len(kept.keys), kept.too_much) == (10, False)
        assert feed.unread == {1: 0, 2: 0}
        await feed._tell(events(1, 21, 2))
        assert [(len(changed.keys), changed.too_much) for changed in [await f.changed() for f in acme]] == [
            (2, False)
        ] * 3
    assert feed.unread == {}
