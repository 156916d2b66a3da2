"""Members are shared out among observers: one that dies, one that joins, two that join at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import and_, func
from sqlmodel import col, select

from app.program.processes import run_observer, running
from app.tables.clusters import Cluster, Observer
from reconcilers.observer.assignments import LIVES_SECONDS
from reconcilers.worker import run_worker
from simulator import Member
from tests.live import hands
from tests.live.client import socket
from tests.live.processes import process
from tests.live.serving import Served
from tests.live.ticker import RELEASE, TARGETS, ticking
from tests.stack import Stack, eventually

NAMES = ("berlin", "lima", "oslo", "paris", "rome", "tokyo")

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


async def holders(stack: Stack) -> dict[str, str | None]:
    """The observer of each member; None where that is not alive."""
    statement = select(col(Cluster.name), col(Observer.id)).join(
        Observer,
        and_(
            col(Observer.id) == Cluster.observer_id,
            col(Observer.seen_at) > func.clock_timestamp() - timedelta(seconds=LIVES_SECONDS),
        ),
        isouter=True,
    )
    return {row[0]: row[1] for row in await stack.services.database.rows(statement)}


async def share_evenly(stack: Stack, observers: int) -> bool:
    held = Counter((await holders(stack)).values())
    return None not in held and sorted(held.values()) == [len(NAMES) // observers] * observers


@asynccontextmanager
async def deployed(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> AsyncIterator[tuple[Stack, Mapping[str, Member]]]:
    """A release on each of six members, and nobody who observes them."""
    members = {name: simulated(name) for name in NAMES}
    async with new_stack(working=False, confirm_every=60, unreachable_after=30, member_timeout=30) as stack:
        await stack.fleet({name: member.kubeconfig for name, member in members.items()})
        async with running(run_worker(stack.services)):
            await stack.deployed(releaseName=RELEASE)
        yield stack, members


async def test_when_an_observer_is_killed_another_takes_its_members_over_and_no_change_is_missed(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    async with deployed(new_stack, simulated) as (stack, members), process(stack, "observer") as doomed:
        await eventually(lambda: share_evenly(stack, 1))
        async with running(run_observer(stack.services)):
            await eventually(lambda: share_evenly(stack, 2))
            before = await holders(stack)
            (dead,) = {holder for holder in before.values() if f":{doomed.pid}:" in str(holder)}
            theirs = [name for name, holder in before.items() if holder == dead]
            ours = [name for name in NAMES if name not in theirs]
            async with served(stack) as url, ticking(url, members) as ticker:
                await ticker.ticks(2)
                doomed.kill()
                await doomed.wait()
                await ticker.ticks(5, *ours)  # which go on as if nothing had been
                await ticker.ticks(2)
                after = await holders(stack)
            assert len(set(after.values())) == 1
            assert {name: after[name] for name in ours} == {name: before[name] for name in ours}


async def test_changes_while_no_observer_ran_are_reported_when_one_starts(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    async with deployed(new_stack, simulated) as (stack, members), served(stack) as url, socket(url) as opened:
        targets = await opened.subscribe(TARGETS)
        assert {(await targets.next())["status"] for _ in NAMES} == {"DEPLOYED"}
        hands.uninstall(members["paris"], RELEASE)
        assert hands.upgrade(members["oslo"], RELEASE, {"a": 1}) == 2
        assert hands.upgrade(members["oslo"], RELEASE, {"a": 2}) == 3
        async with running(run_observer(stack.services)):
            told = [await targets.next() for _ in range(2)]
            await eventually(lambda: share_evenly(stack, 1))
        assert targets.told.empty()
        assert sorted((found["clusterName"], found["status"], found["revision"]) for found in told) == [
            ("oslo", "STALE", 3),
            ("paris", "NOT_INSTALLED", None),
        ]


@pytest.mark.parametrize("joining", [1, 2])
async def test_observers_that_join_and_leave_take_their_share_and_no_change_is_missed(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member], joining: int
) -> None:
    async with deployed(new_stack, simulated) as (stack, members), running(run_observer(stack.services)):
        await eventually(lambda: share_evenly(stack, 1))
        async with served(stack) as url, ticking(url, members) as ticker:
            await ticker.ticks(1)
            async with running(*(run_observer(stack.services) for _ in range(joining))), always_held(stack):
                await eventually(lambda: share_evenly(stack, 1 + joining))
                await ticker.ticks(2)
            await eventually(lambda: share_evenly(stack, 1))
            await ticker.ticks(1)


@asynccontextmanager
async def always_held(stack: Stack) -> AsyncIterator[None]:
    """While the block runs, each member has an observer that is alive at every moment."""
    free: list[str] = []

    async def look() -> None:
        while True:
            free.extend(name for name, holder in (await holders(stack)).items() if holder is None)
            await asyncio.sleep(0.01)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    assert free == []
