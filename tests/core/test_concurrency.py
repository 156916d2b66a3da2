"""Bounded concurrency."""

import asyncio

from app.core.concurrency import for_each


async def test_results_are_in_the_order_of_the_items_and_no_more_than_the_limit_run_at_once() -> None:
    running, most = 0, 0

    async def double(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5 - number):
            await asyncio.sleep(0)
        running -= 1
        return 2 * number

    assert await for_each(range(5), double, at_once=2) == [0, 2, 4, 6, 8]
    assert most == 2
