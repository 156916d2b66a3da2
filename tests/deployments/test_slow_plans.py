"""Plans that take longer than a request waits: how far they are, the plan in the end, and how they end without one."""

import zlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.deployments.planning import MOST, remove_old_plans
from app.tables.columns import now
from app.tables.identity import Role
from simulator import Member
from tests.deployments.slow import NAMES, PROGRESS, Slow, another, open_slow
from tests.identity.callers import token_of
from tests.stack import Stack, eventually

CANARY = "a-password-that-nobody-may-see"
Open = Callable[[], AbstractAsyncContextManager[Slow]]


@pytest.fixture
def slow(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member], tmp_path: Path
) -> Open:
    return partial(open_slow, new_stack, simulated, tmp_path)


async def test_a_slow_plan_is_answered_with_its_progress_and_is_there_once_it_is_ready(slow: Open) -> None:
    async with slow() as polyhelm:
        started = await polyhelm.begin(values={"replicas": 3})
        assert started["plan"] is None
        assert not started["planProgress"]["finished"]

        async def is_counted() -> Any:
            found = await polyhelm.ask(started)
            return found if found["total"] else None

        found = await eventually(is_counted)
        assert found == {"done": 0, "total": 2, "finished": False, "notices": [], "error": None, "plan": None}
        polyhelm.let_go()
        found = await polyhelm.finished(started)
        assert (found["done"], found["total"], found["error"]) == (2, 2, None)
        plan = found["plan"]
        assert plan["changed"] is True
        assert [(each["clusterName"], each["action"]) for each in plan["targets"]] == [
            (name, "INSTALL") for name in NAMES
        ]
        assert {each["desiredValues"]["replicas"] for each in plan["targets"]} == {3}
        async with another(polyhelm.stack, plan_wait=60) as patient:
            assert (await Slow(patient, polyhelm.gate).begin(values={"replicas": 3}))["plan"] == plan


async def test_any_api_process_knows_the_progress_of_a_plan_that_another_one_makes(slow: Open) -> None:
    async with slow() as polyhelm:
        started = await polyhelm.begin()
        async with another(polyhelm.stack) as other:
            found = (await other.data(PROGRESS, id=started["planProgress"]["id"]))["planProgress"]
            assert found["finished"] is False
            polyhelm.let_go()
            await polyhelm.finished(started)
            found = (await other.data(PROGRESS, id=started["planProgress"]["id"]))["planProgress"]
            assert len(found["plan"]["targets"]) == len(NAMES)


async def test_an_error_that_comes_late_is_reported(slow: Open) -> None:
    async with slow() as polyhelm:
        for member in polyhelm.members:
            member.faults.hang = True
        found = await polyhelm.finished(await polyhelm.begin())
        assert (found["plan"], found["error"]["__typename"]) == (None, "ClusterUnreachable")
        assert found["error"]["code"] == "cluster_unreachable"


async def test_a_plan_that_nobody_asks_for_is_given_up(slow: Open) -> None:
    async with slow() as polyhelm:
        await polyhelm.begin()
        await polyhelm.write(asked_at=now() - timedelta(minutes=2))

        async def is_given_up() -> bool:
            return not polyhelm.stack.services.background.is_busy

        await eventually(is_given_up)
        (row,) = await polyhelm.rows()
        assert row.finished_at is None


async def test_a_plan_whose_process_has_ended_is_reported_as_lost(slow: Open) -> None:
    async with slow() as polyhelm:
        started = await polyhelm.begin()
        await polyhelm.stack.services.background.close()
        await polyhelm.write(seen_at=now() - timedelta(minutes=1))
        found = await polyhelm.ask(started)
        assert (found["finished"], found["plan"], found["error"]["code"]) == (True, None, "plan_lost")


async def test_an_organization_has_few_slow_plans_at_once_and_those_that_are_lost_do_not_count(slow: Open) -> None:
    async with slow() as polyhelm:
        for _ in range(MOST):
            assert (await polyhelm.begin())["planProgress"]
        refused = await polyhelm.begin()
        assert (refused["__typename"], refused["code"]) == ("Conflict", "too_many_plans")
        await polyhelm.stack.services.background.close()
        await polyhelm.write(seen_at=now() - timedelta(minutes=1))
        assert (await polyhelm.begin())["planProgress"]


async def test_a_plan_is_for_the_user_who_asked_for_it_alone(slow: Open) -> None:
    async with slow() as polyhelm:
        started = await polyhelm.begin()
        for role, organization in ((Role.ADMIN, "default"), (Role.ADMIN, "other")):
            token = await token_of(polyhelm.stack, role, organization)
            assert await polyhelm.ask(started, token) is None


async def test_a_plan_is_kept_for_an_hour(slow: Open) -> None:
    async with slow() as polyhelm:
        polyhelm.let_go()
        started = await polyhelm.begin()
        await polyhelm.finished(started)
        await remove_old_plans(polyhelm.stack.services)
        assert (await polyhelm.ask(started))["plan"]
        await polyhelm.write(created_at=now() - timedelta(minutes=61))
        await remove_old_plans(polyhelm.stack.services)
        assert await polyhelm.ask(started) is None


async def test_values_from_secrets_are_hidden_in_a_slow_plan(slow: Open) -> None:
    async with slow() as polyhelm:
        await polyhelm.stack.mutate("createSecret", "__typename", name="db", data={"password": CANARY})
        polyhelm.let_go()
        started = await polyhelm.begin(valuesFrom=[{"secret": "db", "key": "password", "path": "db.password"}])
        found = await polyhelm.finished(started)
        assert len(found["plan"]["targets"]) == len(NAMES)
        (row,) = await polyhelm.rows()
        assert row.content is not None
        assert CANARY not in str(found)
        assert CANARY.encode() not in zlib.decompress(row.content)
