"""Jobs of one pool do not wait for those of another."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy import text

from app.jobs.rollouts import AdvanceRollout, MeasureCheck
from reconcilers.jobs import SLOTS, job_dispatchers
from reconcilers.jobs.kinds import JobPool
from tests.stack import Stack, eventually

_OPEN = text("SELECT name FROM job WHERE finished_at IS NULL ORDER BY name")


async def test_measurements_that_take_all_their_slots_delay_no_steps_of_rollouts(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]],
) -> None:
    async with new_stack(working=False) as stack:
        [[organization_id]] = await stack.services.database.rows(text("SELECT id FROM organization"))
        dispatchers = job_dispatchers(stack.services)
        limiter = dispatchers[JobPool.MEASUREMENTS].limiter
        limiter.is_shared = False
        slots = [await limiter.acquire(organization_id) for _ in range(SLOTS[JobPool.MEASUREMENTS])]
        async with stack.services.transaction() as transaction:
            for job in (MeasureCheck(run_id=1, version=0), AdvanceRollout(rollout_id=1)):
                transaction.enqueue(job, organization_id=organization_id)
        for dispatcher in dispatchers.values():
            dispatcher.note(organization_id)

        async def open_jobs(*expected: str) -> bool:
            return [name for (name,) in await stack.services.database.rows(_OPEN)] == list(expected)

        await eventually(lambda: open_jobs("rollouts.measure"))
        for slot in slots:
            slot.release()
        await eventually(open_jobs)
        for dispatcher in dispatchers.values():
            await dispatcher.stop(grace=10)
