"""`wait-for` on simulated members."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from app.tables.identity import Role
from simulator import Member
from simulator.operations import Deletion
from tests.automation.test_runs import ended, save, shown, started
from tests.identity.callers import token_of
from tests.stack import Stack, eventually
from tests.steps.test_objects import by_path, member_of

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
WAIT = """
name: wait
outputs: {color: {value: "${{ steps.wait.outputs.object.data.color }}"}}
steps:
  - name: wait
    type: wait-for
    inputs:
      cluster: paris
      apiVersion: v1
      kind: ConfigMap
      namespace: default
      name: settings
      until: data.ready == 'yes'
      failIf: data.broken == 'yes'
"""


def put(member: Member, name: str = "settings", **data: str) -> None:
    member.put("configmaps", {"metadata": {"name": name}, "data": data})


async def said(stack: Stack, run: str, line: str) -> None:
    """Waits until the log of a run has this line."""

    async def has() -> bool:
        return line in [each["message"] for each in (await shown(stack, run))["logs"]["nodes"]]

    await eventually(has)


def watches(member: Member) -> int:
    """The number of watches of ConfigMaps that are open."""
    collection = member.store.collections.get(("", "configmaps"))
    return len(collection.waiters) if collection is not None else 0


async def test_a_step_waits_until_an_object_exists_and_meets_a_condition(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    member = await member_of(stack, simulated)
    run = await started(stack, WAIT, "wait")
    await said(stack, run, "There is no ConfigMap default/settings on paris yet.")
    put(member, "other", ready="yes")
    put(member, color="blue")
    await said(stack, run, 'until: Key not found in map : "ready".')
    put(member, color="blue", ready="no")
    put(member, color="green", ready="yes")
    put(member, color="red", ready="no")
    found = await ended(stack, run)
    assert (found["state"], found["outputs"]) == ("SUCCEEDED", {"color": "green"}), found


async def test_a_step_fails_as_soon_as_its_object_has_failed(stack: Stack, simulated: Callable[[str], Member]) -> None:
    member = await member_of(stack, simulated)
    put(member, ready="no", broken="no")
    run = await started(stack, WAIT, "wait")
    await eventually(lambda: _true(watches(member)))
    put(member, ready="no", broken="yes")
    error = (await ended(stack, run))["error"]
    message = "`failIf` is true for ConfigMap default/settings on paris."
    assert (error["code"], error["message"]) == ("condition", message)


async def _true(value: Any) -> bool:
    return bool(value)


@pytest.mark.parametrize("history", ["kept", "lost"])
async def test_nothing_is_missed_while_the_connection_is_broken(
    new_stack: NewStack, simulated: Callable[[str], Member], history: str
) -> None:
    """With the history, states in between are seen, too; without, as after 410 Gone, the present one is."""
    async with new_stack(unreachable_after=60) as stack:
        member = await member_of(stack, simulated)
        put(member, ready="no")
        run = await started(stack, WAIT, "wait")
        await eventually(lambda: _true(watches(member)))
        member.faults.down = True
        await eventually(lambda: _true(not watches(member)))
        put(member, color="blue", ready="yes")
        if history == "lost":
            member.store.collection(("", "configmaps")).limit = 1
            for number in range(3):
                put(member, "other", number=str(number))
        else:
            kind = member.catalog.find("", "v1", "configmaps")
            assert kind is not None
            member.operations.delete(kind, "default", "settings", Deletion())
        member.faults.down = False
        found = await ended(stack, run)
        assert (found["state"], found["outputs"]) == ("SUCCEEDED", {"color": "blue"}), found


async def test_a_cluster_that_stays_away_is_an_error(
    new_stack: NewStack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.steps.following.PATIENCE", 1.0)
    async with new_stack(unreachable_after=60) as stack:
        member = await member_of(stack, simulated)
        put(member, ready="no")
        run = await started(stack, WAIT, "wait")
        await eventually(lambda: _true(watches(member)))
        member.faults.down = True
        error = (await ended(stack, run))["error"]
        assert error["code"] == "cluster_unreachable"
        assert error["message"].startswith("paris: The API server cannot be reached")


async def test_a_starter_who_has_lost_the_permission_waits_no_longer(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(unreachable_after=60) as stack:
        member = await member_of(stack, simulated)
        put(member, ready="no")
        await save(stack, WAIT)
        deployer = await token_of(stack, Role.DEPLOYER)
        fields = "... on WorkflowRunPayload { run { id } } ... on UserError { code message }"
        answer = await stack.mutate("startWorkflow", fields, deployer, workflow="wait", parameters={})
        run = answer["run"]["id"]
        await eventually(lambda: _true(watches(member)))
        await stack.mutate("setRole", "__typename", user="deployer-of-default", role="VIEWER", organization="default")
        member.faults.down = True
        await eventually(lambda: _true(not watches(member)))
        assert (await ended(stack, run))["error"]["code"] == "forbidden"


async def test_conditions_are_checked_when_a_definition_is_saved(quiet: Stack) -> None:
    for condition, message in (
        ("data.ready ==", "The condition is not valid: "),
        ("phase.ready", "undeclared reference to 'phase.ready'"),
        ("'yes'", "The condition is not valid: it must return a boolean, not a string"),
    ):
        definition = WAIT.replace("until: data.ready == 'yes'", f'until: "{condition}"')
        answer = await quiet.mutate("saveWorkflow", "... on UserError { message path }", definition=definition)
        assert answer["path"] == ["definition", "steps", "0", "inputs", "until"], answer
        assert message in answer["message"]


async def test_a_condition_that_returns_something_else_is_an_error(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    member = await member_of(stack, simulated)
    put(member, ready="no", broken="no")
    run = await started(stack, WAIT.replace("data.ready == 'yes'", "data.ready"), "wait")
    error = (await ended(stack, run))["error"]
    assert (error["code"], error["message"]) == ("expression", "until: the result is neither true nor false.")


async def test_a_wait_that_times_out_ends_its_watch(stack: Stack, simulated: Callable[[str], Member]) -> None:
    member = await member_of(stack, simulated)
    put(member, ready="no")
    run = await started(stack, WAIT.rstrip("\n") + "\n    timeout: 2s\n", "wait")
    found = await ended(stack, run)
    assert found["error"]["code"] == "timeout"
    assert by_path(found, "state") == {"wait": "FAILED"}
    await eventually(lambda: _true(not watches(member)))
