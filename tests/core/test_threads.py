"""Threads that organizations share: one that keeps its threads busy delays no other."""

import asyncio
import threading

import pytest

from app.core.tenancy import acting_for
from app.core.threads import Threads


async def run(threads: Threads, organization_id: int, event: threading.Event) -> bool:
    with acting_for(organization_id):
        return await threads.run(event.wait, timeout=60)


async def test_an_organization_that_keeps_its_threads_busy_delays_no_other() -> None:
    threads, stuck, free = Threads("test", 2, each=1), threading.Event(), threading.Event()
    free.set()
    waiting = [asyncio.create_task(run(threads, 1, stuck)) for _ in range(5)]
    try:
        assert await run(threads, 2, free)
        assert not any(task.done() for task in waiting)
    finally:
        stuck.set()
    assert await asyncio.gather(*waiting) == [True] * 5


async def test_a_caller_who_gives_up_keeps_the_slot_until_the_thread_has_ended() -> None:
    threads, stuck, free = Threads("test", 2, each=1), threading.Event(), threading.Event()
    free.set()
    given_up = asyncio.create_task(run(threads, 1, stuck))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    next_one = asyncio.create_task(run(threads, 1, free))
    assert await run(threads, 2, free)
    assert not next_one.done()
    stuck.set()
    assert await next_one


async def test_an_error_of_the_function_is_raised_and_frees_the_thread() -> None:
    threads = Threads("test", 1, each=1)
    with pytest.raises(ValueError, match="invalid literal"):
        await threads.run(int, "x")
    assert await threads.run(int, "5") == 5
