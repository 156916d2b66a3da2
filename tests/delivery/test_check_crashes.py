"""The worker is killed with SIGKILL at each step of a measurement of a check; another one brings it to its end."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from app.program.processes import run_observer, running
from reconcilers.worker import run_worker
from simulator import Member
from tests.charts.servers import Files, served
from tests.delivery.asking import register, until_phase, until_verified, waves
from tests.forks import forked
from tests.live.processes import environment
from tests.reconcilers.crashing_worker import CHECK_STEPS, run
from tests.reconcilers.test_crashes import NewStack, let_leases_end
from tests.stack import Stack

_MEASURED = text("""
    SELECT c.name, m.number, m.answer FROM check_measurement m
    JOIN check_run c ON c.id = m.run_id JOIN rollout r ON r.id = c.rollout_id
    WHERE r.generation = :generation ORDER BY c.name, m.number
""")


async def let_jobs_end(stack: Stack) -> None:
    """As if the time had passed for which a dead worker keeps its targets and jobs."""
    await let_leases_end(stack)
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(text("UPDATE job SET taken_until = now() - interval '1 s'"))


async def test_a_check_is_measured_once_although_the_worker_is_killed_at_any_step(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    files = Files()
    async with (
        served(files) as host,
        new_stack(working=False, unreachable_after=60, member_timeout=60, plain_http_hosts=host) as stack,
    ):
        await register(stack, {"paris": paris})
        async with running(run_worker(stack.services), run_observer(stack.services)):
            shop = await stack.deployed(releaseName="shop")
            await until_verified(stack, shop)
        for generation, step in enumerate(CHECK_STEPS, start=2):
            kind: dict[str, Any] = {"job": {"image": "tests:1"}}
            if step in ("about to write", "not committed"):
                kind = {"http": {"url": f"http://{host}/ready", "passes": "status == 404"}}
            strategy = waves("paris")
            strategy["waves"][0]["checks"] = [{"name": "test", "interval": "1s", **kind}]
            files.asked.clear()
            created = paris.requests["create jobs.batch"]
            async with running(run_observer(stack.services)):
                await stack.update(shop, values={"replicas": generation}, strategy=strategy)
                worker = forked(run, step, environment=environment(stack, plain_http_hosts=host))
                async with asyncio.timeout(180):
                    assert await worker.wait() == -signal.SIGKILL
                await let_jobs_end(stack)
                async with running(run_worker(stack.services)):
                    await until_phase(stack, shop, "SUCCEEDED")
            rows = await stack.services.database.rows(_MEASURED.bindparams(generation=generation))
            assert [tuple(row) for row in rows] == [("test", 1, "PASSED")], step
            if "job" in kind:
                assert paris.requests["create jobs.batch"] - created == 1, step
            else:
                assert len(files.asked) == 2, step
