"""The worker and the observer are killed with SIGKILL at each step of a correction of a live object; others bring it to
its end."""

import asyncio
import signal
from collections.abc import Callable

from sqlalchemy import update

from app.program.processes import run_observer, running
from app.tables.resources import LiveResource
from reconcilers.worker import run_worker
from simulator import Member
from tests.drift.looking import until_drift
from tests.forks import forked
from tests.live.processes import environment
from tests.reconcilers.crashing_worker import CORRECTION_STEPS, OBSERVER_STEPS, run
from tests.reconcilers.test_crashes import NewStack, crash, let_leases_end, revisions
from tests.resources.test_corrections import corrections, tag
from tests.resources.test_drift import CONFIG_MAPS, compared
from tests.resources.test_following import change
from tests.stack import Stack, eventually


async def forget_corrections(stack: Stack) -> None:
    """As if so much time had passed since the last correction that the next one does not wait."""
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(update(LiveResource).values(corrections=0, corrected_at=None))


async def until_corrected(stack: Stack, member: Member, deployment_id: str) -> None:
    async def is_set_back() -> bool:
        return tag(member) == "1.0"

    await eventually(is_set_back)
    await until_drift(stack, deployment_id, "NONE")


async def test_a_correction_ends_although_the_worker_or_the_observer_is_killed_at_any_step(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(working=False) as stack:
        worker, observer = run_worker(stack.services), run_observer(stack.services)
        async with running(worker, observer):
            deployment_id = await compared(stack, {"paris": paris.kubeconfig}, liveDrift="CORRECT")
            await until_drift(stack, deployment_id, "NONE")

        for step in CORRECTION_STEPS:
            await forget_corrections(stack)
            change(paris, CONFIG_MAPS, data={"tag": step})
            async with running(run_observer(stack.services)):
                await crash(stack, step)
                async with running(run_worker(stack.services)):
                    await until_corrected(stack, paris, deployment_id)

        for step in OBSERVER_STEPS:
            await forget_corrections(stack)
            change(paris, CONFIG_MAPS, data={"tag": step})
            killed = forked(run, step, environment=environment(stack))
            async with asyncio.timeout(180):
                assert await killed.wait() == -signal.SIGKILL
            await let_leases_end(stack)
            async with running(run_worker(stack.services), run_observer(stack.services)):
                await until_corrected(stack, paris, deployment_id)

        assert {each["state"] for each in await corrections(stack, deployment_id)} == {"SUCCEEDED"}
        assert revisions(paris, "shop") == [(1, "deployed")]
