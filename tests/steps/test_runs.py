"""`run-workflow`: a step starts a run of another workflow, and ends with it."""

from typing import Any

import pytest

from app.program.processes import running
from reconcilers.worker import run_worker
from tests.automation.test_runs import ended, save, started, waiting
from tests.stack import SIMPLE_RESULT, Stack, eventually
from tests.steps.test_crashes import killed_at
from tests.steps.test_objects import by_path

CHILD = """
name: child
parameters: {required: [who], properties: {who: {type: string}}}
outputs: {greeting: {value: "Hello, ${{ parameters.who }}.", schema: {type: string}}}
steps:
  - {name: wait, type: signal, inputs: {signal: go}}
  - {name: greet, type: assert, inputs: {condition: "${{ parameters.who != 'nobody' }}", message: Nobody is there.}}
onCancel:
  - {name: sayBye, type: log, inputs: {message: Bye.}}
"""
PARENT = """
name: parent
parameters: {properties: {who: {type: string, default: Ada}}}
steps:
  - name: below
    type: run-workflow
    inputs: {workflow: child, parameters: {who: "${{ parameters.who }}"}, workflowId: greeting}
  - {name: say, type: log, inputs: {message: "${{ string(steps.below.outputs.outputs.greeting) }}"}}
"""
ITSELF = """
name: itself
steps: [{name: again, type: run-workflow, inputs: {workflow: itself}}]
"""
FIELDS = "id workflow workflowId state starter parentStep parent { id } logs { nodes { message } }"
QUERY = f"query ($id: ID!) {{ workflowRun(id: $id) {{ children {{ nodes {{ {FIELDS} }} }} }} }}"


async def children(stack: Stack, run: str) -> list[Any]:
    found: list[Any] = (await stack.data(QUERY, id=run))["workflowRun"]["children"]["nodes"]
    return found


async def child_of(stack: Stack, run: str) -> Any:
    """The run that the step has started, once it waits."""
    await waiting(stack, run, "below")
    (child,) = await children(stack, run)
    await waiting(stack, child["id"], "wait")
    return child


async def go(stack: Stack, run: str) -> None:
    sent = await stack.mutate("signalWorkflow", f"__typename {SIMPLE_RESULT}", run=run, signal="go")
    assert sent == {"__typename": "WorkflowRunPayload"}


async def test_a_step_starts_a_run_and_returns_its_outputs(stack: Stack) -> None:
    await save(stack, CHILD)
    run = await started(stack, PARENT, "parent")
    child = await child_of(stack, run)
    assert child | {"id": "", "logs": None} == {
        "id": "",
        "workflow": "child",
        "workflowId": "greeting",
        "state": "RUNNING",
        "starter": "admin",
        "parentStep": "below",
        "parent": {"id": run},
        "logs": None,
    }
    await go(stack, child["id"])
    found = await ended(stack, run)
    assert (found["state"], [line["message"] for line in found["logs"]["nodes"]]) == ("SUCCEEDED", ["Hello, Ada."])
    assert by_path(found, "outputs")["below"] == {"workflowId": "greeting", "outputs": {"greeting": "Hello, Ada."}}


async def test_a_failure_of_the_run_fails_the_step(stack: Stack) -> None:
    await save(stack, CHILD)
    run = await started(stack, PARENT, "parent", {"who": "nobody"})
    child = await child_of(stack, run)
    await go(stack, child["id"])
    found = await ended(stack, run)
    assert found["error"] == {
        "code": "run_failed",
        "message": "The run greeting of the workflow child has failed at greet: Nobody is there.",
        "path": "below",
    }


async def test_a_run_that_is_terminated_fails_the_step(stack: Stack) -> None:
    await save(stack, CHILD)
    run = await started(stack, PARENT, "parent")
    child = await child_of(stack, run)
    await stack.mutate("terminateRun", "__typename", run=child["id"], reason="An incident.")
    found = await ended(stack, run)
    assert (found["error"]["code"], found["error"]["message"]) == (
        "run_cancelled",
        "The run greeting of the workflow child was cancelled.",
    )


@pytest.mark.parametrize(("mutation", "more"), [("cancelRun", {}), ("terminateRun", {"reason": "An incident."})])
async def test_the_run_is_cancelled_with_the_step(stack: Stack, mutation: str, more: dict[str, str]) -> None:
    await save(stack, CHILD)
    run = await started(stack, PARENT, "parent")
    await child_of(stack, run)
    await stack.mutate(mutation, "__typename", run=run, **more)

    async def is_cancelled() -> bool:
        (child,) = await children(stack, run)
        return bool(child["state"] == "CANCELLED" and [line["message"] for line in child["logs"]["nodes"]] == ["Bye."])

    await eventually(is_cancelled)
    assert (await ended(stack, run))["state"] == "CANCELLED"


async def test_what_a_start_refuses_fails_the_step_with_its_code(stack: Stack) -> None:
    async def refused(text: str) -> tuple[str, str]:
        found = await ended(stack, await started(stack, text, "parent"))
        return found["error"]["code"], found["error"]["message"]

    assert await refused(PARENT) == ("workflow_not_found", "There is no workflow 'child'.")
    await save(stack, CHILD)
    code, message = await refused(PARENT.replace('who: "${{ parameters.who }}"', "other: 1"))
    assert code == "invalid_input" and "who" in message
    await started(stack, CHILD, "child", {"who": "Ada"}, workflowId="greeting")
    assert await refused(PARENT) == (
        "workflow_running",
        "A run of child with the id greeting is in progress.",
    )


async def test_runs_are_below_each_other_up_to_a_limit(stack: Stack) -> None:
    found = await ended(stack, await started(stack, ITSELF, "itself"))
    assert found["error"]["code"] == "run_failed"
    assert found["error"]["message"].endswith("has failed at again: At most 5 runs can be below another one.")


@pytest.mark.parametrize("step", ["run of a step started", "about to wait for a result"])
async def test_one_run_is_started_although_the_worker_is_killed(quiet: Stack, step: str) -> None:
    await save(quiet, CHILD)
    run = await started(quiet, PARENT, "parent")
    await killed_at(quiet, step)
    async with running(run_worker(quiet.services)):
        child = await child_of(quiet, run)
        await go(quiet, child["id"])
        found = await ended(quiet, run)
    assert (found["state"], by_path(found, "executions")["below"], len(await children(quiet, run))) == (
        "SUCCEEDED",
        2,
        1,
    )
