"""Redis emptied and restarted, Postgres restarted: subscribers catch up by themselves, with nothing missed and nothing
twice, and what was being worked on comes to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from sqlmodel import select

from app.core.settings import Settings
from app.events import feed
from app.events.feed import Feed
from app.tables.events import Event
from app.tables.identity import Organization
from simulator import Member
from tests.happenings import Happening
from tests.live.client import Subscription, followed_by, socket
from tests.live.serving import Served
from tests.live.ticker import RELEASE, ticking
from tests.outages import TEMPLATE, own_postgres, own_redis
from tests.stack import Stack, eventually, open_stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
EVENTS = "subscription { events { cursor kind } }"


async def cursors(stack: Stack, after: str) -> list[str]:
    """Of all events after one, oldest first."""
    query = "query ($after: String) { events(first: 200, after: $after) { nodes { cursor } } }"
    found: list[str] = []  # the newest first
    while after not in found:
        nodes = (await stack.data(query, after=found[-1] if found else None))["events"]["nodes"]
        assert nodes, "the event is not there any more"
        found += [node["cursor"] for node in nodes]
    return list(reversed(found[: found.index(after)]))


async def told_all(stack: Stack, events: Subscription, first: str) -> None:
    """Every event after this one has been told, in order, none left out and none twice."""
    expected = await cursors(stack, first)
    assert [(await events.next())["cursor"] for _ in expected] == expected
    assert events.told.empty()


async def happen(stack: Stack, *names: str) -> None:
    """Events with these messages, each in a transaction of its own."""
    ((organization_id,),) = await stack.services.database.rows(select(Organization.id))
    for name in names:
        async with stack.services.transaction() as transaction:
            transaction.record(Happening.TEST, name, organization_id=organization_id)


async def ended() -> None:
    raise RuntimeError("nobody expected this")


async def silent() -> None:
    await asyncio.sleep(3600)


async def test_an_empty_and_restarted_redis_loses_no_event_and_repeats_none(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    """Changes on the members go on all the while, and so does what is asked for."""
    members = {name: simulated(name) for name in ("paris", "berlin")}
    async with own_redis() as redis, new_stack(redis_url=redis.url, confirm_every=60, unreachable_after=30) as stack:
        await stack.fleet({name: member.kubeconfig for name, member in members.items()})
        deployment_id = await stack.deployed(releaseName=RELEASE)
        async with served(stack) as url, socket(url) as opened:
            events = await opened.subscribe(EVENTS)
            async with ticking(url, members, deployment_id) as ticker:
                await ticker.ticks(2)
                first = (await events.next())["cursor"]
                await redis.empty()
                await ticker.ticks(2)
                begun = await stack.create(releaseName="begun")
                await redis.kill()
                await ticker.ticks(2)
                meanwhile = await stack.create(releaseName="meanwhile")
                await ticker.ticks(1)
                await redis.start()
                await ticker.ticks(2)
                for answer in (begun, meanwhile):
                    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
            await told_all(stack, events, first)


async def test_a_restart_of_postgres_loses_no_event_and_repeats_none(
    servers: Settings, served: Served, simulated: Callable[[str], Member], tmp_path: Path
) -> None:
    members = {name: simulated(name) for name in ("paris", "berlin")}
    async with own_postgres(servers) as (settings, postgres):
        slow = open_stack(
            settings, TEMPLATE, tmp_path, working=True, confirm_every=60, unreachable_after=30, lease_seconds=2
        )
        async with slow as stack:
            await stack.fleet({name: member.kubeconfig for name, member in members.items()})
            deployment_id = await stack.deployed(releaseName=RELEASE)
            async with served(stack) as url, socket(url) as opened:
                events = await opened.subscribe(EVENTS)
                async with ticking(url, members, deployment_id) as ticker:
                    await ticker.ticks(2)
                    first = (await events.next())["cursor"]
                    for release in ("one", "two", "three"):
                        answer = await stack.create(releaseName=release)
                        await postgres.stop()
                        await postgres.start()
                        await ticker.ticks(2)
                        assert (await stack.settled(answer))["state"] == "SUCCEEDED"
                await told_all(stack, events, first)


@pytest.mark.parametrize("trouble", [ended, silent])
async def test_subscribers_are_notified_after_a_look_at_the_events_that_failed_in_a_way_nobody_expected(
    quiet: Stack, served: Served, monkeypatch: pytest.MonkeyPatch, trouble: Callable[[], Awaitable[None]]
) -> None:
    """An exception that is not Postgres', and a connection whose other end has forgotten it."""
    page = Feed._page
    troubled: list[object] = []

    async def first_in_trouble(self: Feed) -> list[Event]:
        if not troubled:
            troubled.append(self)
            await trouble()
        return await page(self)

    monkeypatch.setattr(feed, "_ANSWER_SECONDS", 0.2)
    async with served(quiet) as url, socket(url) as opened:
        events = await opened.subscribe(EVENTS)
        await eventually(lambda: followed_by(quiet, 1))
        monkeypatch.setattr(Feed, "_page", first_in_trouble)
        await happen(quiet, "one", "two")
        assert [(await events.next())["kind"] for _ in range(2)] == [Happening.TEST] * 2
    assert troubled
