"""Bounded concurrency."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")


async def for_each(items: Iterable[Item], do: Callable[[Item], Awaitable[Found]], *, at_once: int) -> list[Found]:
    """What `do` returns for each item, in their order; `at_once` of them run at a time. The first error is raised, and
    the others go on, as in `asyncio.gather`."""
    gate = asyncio.Semaphore(at_once)

    async def one(item: Item) -> Found:
        async with gate:
            return await do(item)

    return await asyncio.gather(*map(one, items))
