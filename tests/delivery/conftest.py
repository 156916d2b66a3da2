"""Three members, each labelled with its own wave, and a Polyhelm that is patient with them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest_asyncio

from simulator import Member
from tests.delivery.asking import register
from tests.stack import Stack

NAMES = ("paris", "berlin", "tokyo")


@pytest_asyncio.fixture(loop_scope="session")
async def stack(new_stack: Callable[..., AbstractAsyncContextManager[Stack]]) -> AsyncIterator[Stack]:
    """No member becomes unreachable because the machine is busy: its targets would be deferred."""
    async with new_stack(unreachable_after=60, member_timeout=60) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(stack: Stack, simulated: Callable[[str], Member]) -> dict[str, Member]:
    """The members of the group `fleet`, by name."""
    found = {name: simulated(name) for name in NAMES}
    await register(stack, found)
    return found
