"""A pool that callers share: each has its places, in turn, and none keeps the others out."""

import asyncio
from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from app.core.limiter import Limiter, PoolBusyError, share


class Users:
    """Takes places of a pool for callers, and keeps in which order they got them."""

    def __init__(self, pool: Limiter) -> None:
        self.pool = pool
        self.got: list[Hashable] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.done = asyncio.Event()

    async def start(self, *callers: Hashable) -> None:
        self.tasks += [asyncio.create_task(self._use(caller)) for caller in callers]
        await asyncio.sleep(0)

    async def _use(self, caller: Hashable) -> None:
        async with self.pool.slot(caller):
            self.got.append(caller)
            await self.done.wait()

    async def finish(self) -> None:
        self.done.set()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_a_caller_with_many_requests_leaves_places_to_others() -> None:
    users = Users(Limiter("test", 4, each=3, waiting=10))
    await users.start("a", "a", "a", "a", "a", "b")
    assert users.got == ["a", "a", "a", "b"]
    await users.finish()
    assert len(users.got) == 6
    assert users.pool.taken == 0


async def test_slots_requests_that_wait_and_refusals_are_counted_by_pool() -> None:
    def counted() -> list[float | None]:
        names = ("polyhelm_pool_taken", "polyhelm_pool_waiting", "polyhelm_pool_refused_total")
        return [REGISTRY.get_sample_value(name, {"pool": "test-metrics"}) for name in names]

    users = Users(Limiter("test-metrics", 2, each=1, waiting=1))
    assert counted() == [0, 0, 0]
    await users.start("a", "a", "a")
    assert counted() == [1, 1, 1]
    await users.finish()
    assert counted() == [0, 0, 1]


async def test_a_caller_has_the_whole_pool_while_it_is_the_only_one() -> None:
    pool = Limiter("test", 4, each=3)
    pool.is_shared = False
    users = Users(pool)
    await users.start("a", "a", "a", "a", "a")
    assert users.got == ["a", "a", "a", "a"]
    await users.finish()


@pytest.mark.parametrize(("slots", "percent", "part"), [(1, 75, 1), (2, 75, 2), (3, 75, 3), (4, 75, 3), (100, 75, 75)])
def test_a_share_is_rounded_up(slots: int, percent: int, part: int) -> None:
    assert share(slots, percent) == part


async def test_free_places_go_to_callers_in_turn() -> None:
    pool, order = Limiter("test", 1, waiting=10), []

    async def use(caller: str) -> None:
        async with pool.slot(caller):
            order.append(caller)
            await asyncio.sleep(0)

    await asyncio.gather(*map(use, "aaabbc"))
    assert order == list("abcaba")


async def test_too_many_waiting_requests_of_a_caller_are_refused_and_others_wait() -> None:
    users = Users(Limiter("test", 1, waiting=2))
    await users.start("a", "a", "a")
    with pytest.raises(PoolBusyError):
        async with users.pool.slot("a"):
            pass
    await users.start("b")
    await users.finish()
    assert sorted(map(str, users.got)) == ["a", "a", "a", "b"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=30), st.integers(1, 4))
def test_no_slot_is_lost_or_given_twice_when_callers_give_up(steps: list[tuple[str, bool, bool]], places: int) -> None:
    async def play() -> None:
        pool = Limiter("test", places, each=2, waiting=100)
        inside: list[str] = []

        async def use(caller: str) -> None:
            async with pool.slot(caller):
                inside.append(caller)
                assert len(inside) <= places
                assert inside.count(caller) <= 2
                try:
                    await asyncio.sleep(0)
                finally:
                    inside.remove(caller)

        tasks = []
        for caller, gives_up, waits in steps:
            tasks.append(asyncio.create_task(use(caller)))
            if waits:
                await asyncio.sleep(0)
            if gives_up:
                tasks[len(tasks) // 2].cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        assert pool.taken == 0
        await asyncio.wait_for(asyncio.gather(*(use(caller) for caller in "abc")), 10)

    asyncio.run(play())
