"""The worker is killed with SIGKILL at each step of an API migration; another one brings it to its end, with one new
revision."""

from collections.abc import Callable

import pytest

from app.program.processes import run_observer, running
from reconcilers.worker import run_worker
from simulator import Member
from tests.live import hands
from tests.operations.test_api_migration import age, ended, installed, manifest, migrate, until_listed
from tests.reconcilers.crashing_worker import MIGRATION_STEPS
from tests.reconcilers.test_crashes import NewStack, crash

LEFT = {"about to write the record": {1: "deployed"}, "record written": {1: "deployed", 2: "deployed"}}


@pytest.mark.parametrize("step", list(MIGRATION_STEPS))
async def test_a_worker_killed_at_any_step_leaves_the_old_or_the_new_revision(
    new_stack: NewStack, simulated: Callable[[str], Member], step: str
) -> None:
    paris = simulated("paris")
    async with new_stack(working=False) as stack:
        async with running(run_worker(stack.services), run_observer(stack.services)):
            await installed(stack, {"paris": paris.kubeconfig})
            age(paris)
            planned = await until_listed(stack, 1)
        answer = await migrate(stack, planned)
        await crash(stack, step)
        assert hands.statuses(paris, "shop") == LEFT[step]
        async with running(run_worker(stack.services)):
            operation = await ended(stack, answer)
        assert [each["action"] for each in operation["results"]] == ["API_MIGRATION"]
        assert hands.statuses(paris, "shop") == {1: "superseded", 2: "deployed"}
        assert "apps/v1beta1" not in manifest(paris, 2)
