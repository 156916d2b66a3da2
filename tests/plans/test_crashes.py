"""What a process that dies while it applies a plan leaves behind: everything or nothing."""

import asyncio
from collections.abc import Callable

import asyncpg
from sqlalchemy import text

from app.program.processes import run_observer, running
from reconcilers.worker import run_worker
from simulator import Member
from tests.plans.planned import APPLIED, applied, create, made, shown
from tests.stack import Stack, eventually, waiting_for_locks

APPLY = f"mutation ($input: ApplyPlanInput!) {{ applyPlan(input: $input) {{ {APPLIED} }} }}"
END = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pg_blocking_pids(pid) <> '{}'"""
COUNTS = "SELECT (SELECT count(*) FROM deployment), (SELECT count(*) FROM operation)"


async def test_a_plan_whose_transaction_is_cut_off_is_still_open_and_can_be_applied(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    plan = await made(quiet, **create())
    holder = await asyncpg.connect(quiet.services.settings.database_url)
    try:
        await holder.execute("BEGIN; SELECT 1 FROM plan FOR UPDATE")
        task = asyncio.create_task(quiet.ask(APPLY, input={"id": plan["id"]}))

        async def waits() -> bool:
            return await waiting_for_locks(quiet) > 0

        await eventually(waits)
        await holder.execute(END)
        assert "errors" in await task
    finally:
        await holder.close()
    assert tuple((await quiet.services.database.rows(text(COUNTS)))[0]) == (0, 0)
    assert (await shown(quiet, plan))["state"] == "OPEN"
    assert (await applied(quiet, plan))["wasApplied"] is False


async def test_a_plan_is_carried_out_by_the_next_worker_if_everything_dies_after_the_transaction(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    answer = await applied(quiet, await made(quiet, **create()))
    async with running(run_worker(quiet.services), run_observer(quiet.services)):
        operation = await quiet.settled(answer)
    assert [(each["action"], each["state"]) for each in operation["results"]] == [("INSTALL", "SUCCEEDED")]
