"""Checks that run Jobs, on simulated members with a worker and an observer."""

import asyncio
from typing import Any

from sqlalchemy import text

from app.checks.measuring import measure_check
from app.jobs.rollouts import MeasureCheck
from simulator import Member
from tests.delivery.asking import steer, until_phase, until_verified, until_waiting, waves
from tests.stack import Stack, eventually

_RUN = text("SELECT id, version FROM check_run")
JOB = {"image": "tests:1", "command": ["test"]}


def jobs(member: Member) -> list[str]:
    return [each["metadata"]["name"] for each in member.objects("jobs", "batch")]


async def rolled_out(stack: Stack, fleet: dict[str, Member]) -> Any:
    """A rollout whose first wave, paris, waits for a Job that does not end yet."""
    shop = await stack.deployed(releaseName="shop")
    await until_verified(stack, shop)
    strategy = waves("paris")
    strategy["waves"][0]["checks"] = [{"name": "test", "job": JOB}]
    fleet["paris"].faults.stuck = True
    await stack.update(shop, values={"replicas": 2}, strategy=strategy)

    async def has_job() -> bool:
        return bool(jobs(fleet["paris"]))

    await eventually(has_job)
    return shop


async def test_a_job_runs_once_although_workers_repeat_the_measurement_and_is_deleted_afterwards(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await rolled_out(stack, fleet)
    [(run_id, version)] = await stack.services.database.rows(_RUN)
    again = [MeasureCheck(run_id=run_id, version=number) for number in range(version, version + 3)]
    await asyncio.gather(*(measure_check(stack.services, job) for job in again * 2))
    [name] = jobs(fleet["paris"])
    assert name.startswith("polyhelm-check-")
    [live] = fleet["paris"].objects("jobs", "batch")
    assert live["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "polyhelm"
    fleet["paris"].faults.stuck = False
    await until_phase(stack, shop, "SUCCEEDED")
    [[answer, message]] = await stack.services.database.rows(text("SELECT answer, message FROM check_measurement"))
    assert (answer, message) == ("PASSED", "It passes on 1 cluster.")
    await eventually(lambda: _none(fleet))
    assert jobs(fleet["berlin"]) == []


async def test_the_end_of_a_rollout_deletes_its_jobs(stack: Stack, fleet: dict[str, Member]) -> None:
    shop = await rolled_out(stack, fleet)
    await steer(stack, "abortRollout", await until_waiting(stack, shop, "CheckGate"))
    await until_phase(stack, shop, "ABORTED")
    await eventually(lambda: _none(fleet))


async def _none(fleet: dict[str, Member]) -> bool:
    return jobs(fleet["paris"]) == []
