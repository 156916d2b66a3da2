"""How many Helm processes run at once, and how organizations share them."""

import asyncio
from contextlib import AsyncExitStack

from app.helm.slots import HelmSlots


async def started(slots: HelmSlots, organization_id: int, inside: list[int], end: asyncio.Event) -> None:
    async with slots.slot(organization_id):
        inside.append(organization_id)
        await end.wait()


async def test_an_organization_with_many_runs_leaves_slots_to_others() -> None:
    slots, inside, end = HelmSlots(4, 4, 75), list[int](), asyncio.Event()
    tasks = [asyncio.create_task(started(slots, number, inside, end)) for number in [1] * 50 + [2]]
    await asyncio.sleep(0)
    assert inside == [1, 1, 1, 2]
    end.set()
    await asyncio.gather(*tasks)
    assert len(inside) == 51


async def test_runs_that_wait_let_others_work_up_to_the_share_of_their_organization() -> None:
    slots = HelmSlots(2, 4, 50)
    async with AsyncExitStack() as stack:
        for _ in range(2):  # half of those that may wait
            (await stack.enter_async_context(slots.slot(1))).wait()
        (await stack.enter_async_context(slots.slot(1))).wait()  # it keeps its place among those that work
        blocked = asyncio.create_task(stack.enter_async_context(slots.slot(1)))
        await asyncio.sleep(0)
        assert not blocked.done()
        (await stack.enter_async_context(slots.slot(2))).wait()
        (await stack.enter_async_context(slots.slot(2))).wait()
        await stack.enter_async_context(slots.slot(2))
        blocked.cancel()
    async with AsyncExitStack() as stack:  # all slots are free again
        for organization_id in (1, 2):
            await stack.enter_async_context(slots.slot(organization_id))
