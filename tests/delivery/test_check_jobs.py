"""Checks that run Jobs, on simulated members with a worker and an observer."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.checks.jobs import look_at_jobs
from app.checks.measuring import measure_check
from app.checks.subject import Subject, due_subject
from app.delivery.checking import postpone
from app.jobs.rollouts import MeasureCheck
from app.tables.columns import now
from simulator import Member
from simulator.operations import Deletion
from tests.delivery.asking import steer, until_phase, until_verified, until_waiting, wave, waves
from tests.stack import Stack, eventually

_RUN = text("SELECT id, version FROM check_run")
_MEASURED = text("SELECT answer, message FROM check_measurement ORDER BY number")
_ENDED = text("SELECT jsonb_object_agg(key, value -> 'hasEnded') FROM check_run, jsonb_each(looks)")
JOB = {"image": "tests:1", "command": ["test"]}


def jobs(member: Member) -> list[str]:
    return [each["metadata"]["name"] for each in member.objects("jobs", "batch")]


async def rolled_out(stack: Stack, fleet: dict[str, Member], *stuck: str) -> Any:
    """A rollout whose first wave waits for Jobs, which do not end yet on these clusters."""
    shop = await stack.deployed(releaseName="shop")
    await until_verified(stack, shop)
    strategy = waves("paris") if stuck == ("paris",) else {"waves": [wave("all")]}
    strategy["waves"][0]["checks"] = [{"name": "test", "interval": "1s", "job": JOB}]
    for name in stuck:
        fleet[name].faults.stuck = True
    await stack.update(shop, values={"replicas": 2}, strategy=strategy)

    async def has_jobs() -> bool:
        return all(jobs(fleet[name]) for name in stuck)

    await eventually(has_jobs)
    return shop


async def until_none(fleet: dict[str, Member], *names: str) -> None:
    """Waits until there are no Jobs on these clusters."""

    async def are_gone() -> bool:
        return not any(jobs(fleet[name]) for name in names or fleet)

    await eventually(are_gone)


async def measured_now(stack: Stack) -> None:
    """Looks at the Jobs, as the worker does when it is due."""
    [(run_id, version)] = await stack.services.database.rows(_RUN)
    await measure_check(stack.services, MeasureCheck(run_id=run_id, version=version))


async def measurements(stack: Stack) -> list[tuple[str, str]]:
    return [(answer, message) for answer, message in await stack.services.database.rows(_MEASURED)]


async def test_a_job_runs_once_although_workers_repeat_the_measurement_and_is_deleted_afterwards(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await rolled_out(stack, fleet, "paris")
    [(run_id, version)] = await stack.services.database.rows(_RUN)
    again = [MeasureCheck(run_id=run_id, version=number) for number in range(version, version + 3)]
    await asyncio.gather(*(measure_check(stack.services, job) for job in again * 2))
    [name] = jobs(fleet["paris"])
    assert name.startswith("polyhelm-check-")
    [live] = fleet["paris"].objects("jobs", "batch")
    assert live["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "polyhelm"
    fleet["paris"].faults.stuck = False
    await until_phase(stack, shop, "SUCCEEDED")
    assert await measurements(stack) == [("PASSED", "It passes on 1 cluster.")]
    await until_none(fleet)


async def test_the_end_of_a_rollout_deletes_its_jobs_on_each_cluster_once_that_can_be_asked(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await rolled_out(stack, fleet, *fleet)
    fleet["paris"].faults.down = True
    for name in ("berlin", "tokyo"):
        fleet[name].faults.latency = 0.5  # paris has failed before they answer
    await steer(stack, "abortRollout", await until_waiting(stack, shop, "CheckGate"))
    await until_phase(stack, shop, "ABORTED")
    await until_none(fleet, "berlin", "tokyo")
    fleet["paris"].faults.down = False
    await until_none(fleet)


@pytest.mark.parametrize("end", ["superseded", "rolled back"])
async def test_a_rollout_that_another_one_replaces_cancels_its_checks_and_deletes_their_jobs(
    stack: Stack, fleet: dict[str, Member], end: str
) -> None:
    shop = await rolled_out(stack, fleet, "paris")
    if end == "superseded":
        await stack.update(shop, values={"replicas": 3}, strategy=waves("paris"))
    else:
        waiting = await until_waiting(stack, shop, "CheckGate")
        assert "phase" in await steer(stack, "abortRollout", waiting, targets="ROLL_BACK")
    rows = await stack.services.database.rows(text("SELECT verdict, ended_at IS NOT NULL FROM check_run"))
    assert [tuple(row) for row in rows] == [("CANCELLED", True)]
    await until_none(fleet)


async def test_the_deletion_of_a_deployment_cancels_its_checks_and_deletes_their_jobs(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await rolled_out(stack, fleet, "paris")
    fleet["tokyo"].faults.down = True  # the deployment stays until this one is back
    answer = await stack.delete(shop)
    rows = await stack.services.database.rows(text("SELECT verdict, ended_at IS NOT NULL FROM check_run"))
    assert [tuple(row) for row in rows] == [("CANCELLED", True)]
    await until_none(fleet)
    fleet["tokyo"].faults.down = False
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    assert await stack.services.database.rows(text("SELECT id FROM check_run")) == []


@pytest.mark.parametrize("late", ["a look", "a measurement"])
async def test_jobs_that_a_worker_creates_after_the_end_of_the_rollout_are_deleted(
    stack: Stack, fleet: dict[str, Member], late: str
) -> None:
    shop = await rolled_out(stack, fleet, "paris")

    async def due() -> Subject | None:
        [(run_id, version)] = await stack.services.database.rows(_RUN)
        async with stack.services.database.reading() as session:
            return await due_subject(session, run_id, version)

    subject: Subject = await eventually(due)
    await steer(stack, "abortRollout", await until_waiting(stack, shop, "CheckGate"))
    await until_phase(stack, shop, "ABORTED")
    await until_none(fleet)
    subject.run.looks = {}  # as for a worker whose first look takes long
    looks = await look_at_jobs(stack.services, subject, now())
    assert len(jobs(fleet["paris"])) == 1
    if late == "a look":
        async with stack.services.transaction() as transaction:
            await postpone(transaction, subject.run, subject.row, subject.jobs, now(), looks, timedelta())
    else:
        await measure_check(stack.services, MeasureCheck(run_id=subject.run.id, version=subject.run.version))
    await until_none(fleet)


async def test_the_jobs_of_a_deployment_that_was_left_behind_are_deleted_once_their_cluster_can_be_asked(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    await rolled_out(stack, fleet, "paris")
    fleet["paris"].faults.down = True
    [group] = (await stack.data("{ clusterGroups { nodes { id } } }"))["clusterGroups"]["nodes"]
    fields = "... on DeleteClusterGroupPayload { abandoned { clusterName } }"
    assert "abandoned" in await stack.mutate("deleteClusterGroup", fields, id=group["id"], force=True)
    assert await stack.services.database.rows(text("SELECT id FROM check_run")) == []
    assert len(jobs(fleet["paris"])) == 1
    fleet["paris"].faults.down = False
    await until_none(fleet)


@pytest.mark.parametrize("worker", ["dead", "late"])
async def test_jobs_are_deleted_although_the_rows_of_their_run_were_deleted_while_a_worker_measured(
    stack: Stack, fleet: dict[str, Member], worker: str
) -> None:
    await rolled_out(stack, fleet, "paris")
    async with stack.services.transaction() as transaction:
        [(run_id, version)] = await transaction.session.execute(_RUN)
        subject = await due_subject(transaction.session, run_id, version)
        await transaction.session.execute(text("DELETE FROM rollout"))
        if worker == "late":  # else the next worker finds the job that the dead one did
            await transaction.session.execute(text("DELETE FROM job"))
    if worker == "late":
        assert subject is not None
        async with stack.services.transaction() as transaction:
            await postpone(transaction, subject.run, subject.row, subject.jobs, now(), {}, timedelta())
    await until_none(fleet)


async def test_a_cluster_that_cannot_be_asked_neither_ends_a_measurement_nor_loses_its_result(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await rolled_out(stack, fleet, "berlin")

    async def have_ended() -> bool:
        [[found]] = await stack.services.database.rows(_ENDED)
        return bool(found == {"paris": True, "berlin": False, "tokyo": True})

    await eventually(have_ended)
    fleet["paris"].faults.down = fleet["berlin"].faults.down = True
    for _ in range(3):
        await measured_now(stack)
    assert await measurements(stack) == []
    fleet["berlin"].faults.down = fleet["berlin"].faults.stuck = False

    async def has_passed() -> bool:
        return await measurements(stack) == [("PASSED", "It passes on 3 clusters.")]

    await eventually(has_passed)
    fleet["paris"].faults.down = False
    await until_phase(stack, shop, "SUCCEEDED")
    await until_none(fleet)


async def test_a_job_that_disappears_is_an_error_and_not_run_again_in_the_same_measurement(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await rolled_out(stack, fleet, "paris")
    [first] = jobs(fleet["paris"])

    async def is_known() -> bool:
        [[found]] = await stack.services.database.rows(_ENDED)
        return bool(found == {"paris": False})

    await eventually(is_known)
    kind = fleet["paris"].catalog.find("batch", "v1", "jobs")
    assert kind is not None
    fleet["paris"].operations.delete(kind, "default", first, Deletion())

    async def runs_again() -> bool:
        return jobs(fleet["paris"]) == [first.removesuffix("1") + "2"]

    await eventually(runs_again)
    assert await measurements(stack) == [("ERROR", "paris: The Job was deleted before its result was known.")]
    fleet["paris"].faults.stuck = False
    await until_phase(stack, shop, "SUCCEEDED")
    await until_none(fleet)
