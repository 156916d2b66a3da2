"""Runs that have ended are repeated from a step on, as the same run or as a new one."""

from typing import Any

import pytest

from tests.automation.test_runs import ended, shown, start, started, waiting
from tests.stack import SIMPLE_RESULT, Stack

RELEASE = """
name: release
steps:
  - {name: build, type: log, inputs: {message: Building.}}
  - {name: wait, type: signal, inputs: {signal: go}}
  - {name: check, type: assert, inputs: {condition: "${{ steps.wait.outputs.payload == 'good' }}", message: Bad.}}
  - {name: report, type: log, inputs: {message: Released.}}
"""
RUN = "... on WorkflowRunPayload { run { id workflowId state starter forkedFrom { id } } }"


async def failed(stack: Stack) -> str:
    run = await started(stack, RELEASE, "release", workflowId="shop")
    await signal(stack, run, "bad")
    assert (await ended(stack, run))["state"] == "FAILED"
    return run


async def signal(stack: Stack, run: str, payload: str) -> None:
    await waiting(stack, run, "wait")
    sent = await stack.mutate("signalWorkflow", f"__typename {SIMPLE_RESULT}", run=run, signal="go", payload=payload)
    assert sent["__typename"] == "WorkflowRunPayload"


async def repeated(stack: Stack, mutation: str, **given: Any) -> Any:
    return await stack.mutate(mutation, f"{RUN} {SIMPLE_RESULT}", **given)


def lines(run: Any) -> list[str]:
    return [line["message"] for line in run["logs"]["nodes"]]


async def test_a_new_run_repeats_a_step_and_what_comes_after_it_and_keeps_what_came_before(stack: Stack) -> None:
    run = await failed(stack)
    answer = await repeated(stack, "rerunFrom", run=run, step="wait")
    other = answer["run"]["id"]
    assert answer["run"] == {
        "id": other,
        "workflowId": "shop",
        "state": "RUNNING",
        "starter": "admin",
        "forkedFrom": {"id": run},
    }
    assert (await repeated(stack, "rerunFrom", run=run, step="wait"))["code"] == "workflow_running"
    await signal(stack, other, "good")
    found = await ended(stack, other)
    assert (found["state"], lines(found)) == ("SUCCEEDED", ["Released."])
    assert [step["path"] for step in found["steps"]["nodes"]] == ["build", "wait", "check", "report"]
    assert (await shown(stack, run))["state"] == "FAILED"


async def test_the_same_run_continues_where_it_has_failed_and_from_a_step(stack: Stack) -> None:
    run = await failed(stack)
    answer = await repeated(stack, "retryFailed", run=run, mode="SAME_RUN")
    assert (answer["run"]["id"], answer["run"]["forkedFrom"]) == (run, None)
    assert (await ended(stack, run))["state"] == "FAILED"  # the payload of the signal is the same
    await repeated(stack, "rerunFrom", run=run, step="wait", mode="SAME_RUN")
    await signal(stack, run, "good")
    found = await ended(stack, run)
    assert (found["state"], found["error"], lines(found)) == ("SUCCEEDED", None, ["Building.", "Released."])


@pytest.mark.parametrize(
    ("mutation", "given", "code"),
    [
        ("rerunFrom", {"step": "deploy"}, "step_not_repeatable"),
        ("rerunFrom", {"step": "build"}, "workflow_running"),
        ("retryFailed", {}, "workflow_running"),
    ],
)
async def test_a_run_in_progress_and_an_unknown_step_are_refused(
    quiet: Stack, mutation: str, given: dict[str, str], code: str
) -> None:
    await quiet.mutate("saveWorkflow", "__typename", definition=RELEASE)
    run = (await start(quiet, "release"))["run"]["id"]
    if code == "step_not_repeatable":
        await quiet.mutate("terminateRun", "__typename", run=run, reason="Enough.")
    assert (await repeated(quiet, mutation, run=run, **given))["code"] == code
