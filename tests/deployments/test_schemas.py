"""Values are checked against a chart's schema where that can be ended: other organizations go on meanwhile."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import pytest

from app.sandbox import pool as pools
from simulator import Member
from tests.sample_charts import packaged
from tests.sandbox.schemas import BACKTRACKED, MEMORY_BOMB, NUMBERS, PATTERN_BOMB, TIME_BOMB
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
DRY_RUN = "... on DeploymentPayload { plan { targets { clusterName } } }"


async def two_organizations(stack: Stack, simulated: Callable[[str], Member]) -> None:
    """`default` has the group `fleet`, and so has `second`."""
    await stack.mutate("createOrganization", "__typename", name="second")
    for name, organization in (("paris", "default"), ("lyon", "second")):
        answer = await stack.register(name, simulated(name).kubeconfig, organization=organization)
        assert "cluster" in answer, answer
        fields = "... on ClusterGroupPayload { clusterGroup { id } }"
        await stack.mutate("createClusterGroup", fields, name="fleet", members=[name], organization=organization)


async def upload(stack: Stack, name: str, schema: object, organization: str = "default") -> None:
    fields = "... on UploadChartPayload { version }"
    chart = packaged(name, schema=schema)
    given = {"repository": "charts", "archive": chart, "organization": organization}
    assert await stack.mutate("uploadChart", fields, **given) == {"version": "1.0.0"}


async def create(stack: Stack, name: str, organization: str = "default", **given: Any) -> Any:
    given = {"releaseName": name, "chart": f"charts/{name}", "organization": organization} | given
    return await stack.create(**given)


async def test_a_schema_that_is_too_expensive_is_refused_for_good(
    new_stack: NewStack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "_SLOWDOWN", 1000)
    limits = {"schema_cpu_seconds": 0.5, "schema_memory_bytes": 128 * 2**20}
    async with new_stack(working=False, **limits) as stack:
        await stack.register("paris", simulated("paris").kubeconfig)
        await stack.group("fleet", ["paris"])
        time = "too expensive to check: a check may use 0.5 s of CPU time. Simplify the schema."
        cases = [("time", TIME_BOMB, {}, time), ("pattern", PATTERN_BOMB, BACKTRACKED, time)]
        for name, schema, values, message in cases:
            await upload(stack, name, schema)
            answer = await create(stack, name, values=values)
            told = f"The values.schema.json of the chart {name} 1.0.0 is {message}"
            assert (answer["__typename"], answer["code"], answer["path"]) == (
                "ValidationFailed",
                "schema_too_expensive",
                ["chart"],
            )
            assert answer["message"] == told
        assert stack.services.schemas.pids == []


async def test_a_schema_that_takes_too_much_memory_is_refused_for_good(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, schema_cpu_seconds=600, schema_memory_bytes=128 * 2**20) as stack:
        await stack.register("paris", simulated("paris").kubeconfig)
        await stack.group("fleet", ["paris"])
        await upload(stack, "memory", MEMORY_BOMB)
        answer = await create(stack, "memory")
        assert (answer["__typename"], answer["code"]) == ("ValidationFailed", "schema_too_expensive")
        assert answer["message"] == (
            "The values.schema.json of the chart memory 1.0.0 is too expensive to check: a check may use 128 MiB of"
            " memory. Simplify the schema."
        )


async def test_others_are_answered_while_an_organization_has_schemas_checked_that_do_not_end(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, schema_cpu_seconds=600) as stack:
        await two_organizations(stack, simulated)
        await upload(stack, "bomb", TIME_BOMB)
        await upload(stack, "web", NUMBERS, organization="second")
        bombs = [asyncio.create_task(create(stack, "bomb")) for _ in range(3)]

        async def begun() -> bool:
            return bool(stack.services.schemas.pids)

        await eventually(begun)
        found = await stack.data('{ clusterGroups(organization: "second") { nodes { name } } }')
        assert found == {"clusterGroups": {"nodes": [{"name": "fleet"}]}}
        answer = await create(stack, "web", organization="second", values={"a": "x"})
        assert (answer["code"], answer["message"]) == ("invalid_input", 'a: "x" is not of type "integer"')
        answer = await create(stack, "web", organization="second", values={"a": 1})
        assert answer["__typename"] == "DeploymentPayload"
        assert not any(bomb.done() for bomb in bombs)
        for bomb in bombs:  # whoever asked is gone
            bomb.cancel()
        for bomb in bombs:
            with suppress(asyncio.CancelledError):
                await bomb

        async def only_one() -> bool:
            return len(stack.services.schemas.pids) == 1

        await eventually(only_one)


async def test_values_of_many_clusters_are_checked_and_each_problem_is_reported_at_its_place(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False) as stack:
        names = [f"c{number}" for number in range(3)]
        for name in names:
            await stack.register(name, simulated(name).kubeconfig)
        await stack.group("fleet", names)
        await upload(stack, "web", NUMBERS)
        overrides = [{"cluster": "c0", "values": {"a": "x"}}, {"cluster": "c2", "values": {"a": "z"}}]
        answer = await create(stack, "web", values={"a": 1}, valueOverrides=overrides)
        assert [(problem["path"], problem["message"]) for problem in answer["problems"]] == [
            (["valueOverrides", "c0", "a"], 'a: "x" is not of type "integer"'),
            (["valueOverrides", "c2", "a"], 'a: "z" is not of type "integer"'),
        ]
        [pid] = stack.services.schemas.pids
        os.kill(pid, signal.SIGKILL)
        answer = await create(stack, "web", values={"a": 1})
        assert answer["__typename"] == "DeploymentPayload"
