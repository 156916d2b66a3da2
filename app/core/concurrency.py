"""Bounded concurrency."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")


async def for_each(items: Iterable[Item], do: Callable[[Item], Awaitable[Found]], *, at_once: int) -> list[Found]:
    """Returns the result of `do` for each item, in order. At most `at_once` of them run at a time.

    The first error is raised while the others continue, as in `asyncio.gather`.
    """
    gate = asyncio.Semaphore(at_once)

    async def one(item: Item) -> Found:
        async with gate:
            return await do(item)

    return await asyncio.gather(*map(one, items))
