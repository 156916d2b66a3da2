"""The worker that drives a run: one at a time, and only while something happens in it."""

import asyncio

import pytest
from sqlalchemy import text

from app.automation.advancing import Advanced, OpenRun, TakenOverError
from app.automation.attempts import Outcome, failed
from app.automation.results import complete_pending_result, expect_result
from app.core.limiter import Limiter
from reconcilers.driving import Drive
from tests.automation.test_runs import ended, started, waiting
from tests.stack import SIMPLE_RESULT, Stack

GO = """
name: go
steps:
  - {name: begin, type: log, inputs: {message: Begun.}}
  - {name: pause, type: sleep, inputs: {duration: 1s}}
  - {name: wait, type: signal, inputs: {signal: go}}
  - {name: report, type: log, inputs: {message: Going.}}
"""

OUTSIDE = """
name: outside
steps:
  - {name: build, type: pending-result, inputs: {request: {url: "https://builds.example.com/{token}"}}}
  - {name: wait, type: signal, inputs: {signal: go}}
"""
SUCCEEDED: Outcome = {"outputs": {}, "error": None}


async def test_a_worker_whose_run_was_taken_over_writes_nothing(quiet: Stack) -> None:
    await started(quiet, GO, "go")
    [(run_id,)] = await quiet.services.database.rows(text("SELECT id FROM workflow_run"))
    paused, other = (OpenRun(quiet.services, run_id, 1, name) for name in ("paused", "other"))
    assert await paused.claim() is not None
    (key,) = (await paused.advance({})).open
    assert await other.claim() is not None
    outcome = {key: SUCCEEDED}
    for _ in range(2):  # with the rows that it has kept, and with those of the database
        with pytest.raises(TakenOverError):
            await paused.advance(outcome)
    found = await other.advance({})
    assert (set(found.open), set(found.begun)) == ({key}, set())  # it executes the attempt, which is counted then
    assert (await other.advance(outcome)).next_at is not None  # of the pause


async def test_a_result_from_outside_counts_although_the_function_fails_afterwards(quiet: Stack) -> None:
    """The worker has not heard of the result when it stores the failure."""
    await started(quiet, OUTSIDE, "outside")
    [(run_id,)] = await quiet.services.database.rows(text("SELECT id FROM workflow_run"))
    run = OpenRun(quiet.services, run_id, 1, "worker")
    assert await run.claim() is not None
    (key,) = (await run.advance({})).open
    await expect_result(quiet.services, key, "token")
    assert await complete_pending_result(quiet.services, None, "token", "sha256:1", None)
    await run.advance({key: failed("build", "http_status", "The response has the status 500.")})
    [(state, outputs)] = await quiet.services.database.rows(
        text("SELECT state, outputs FROM step_run WHERE path = 'build'")
    )
    assert (state, outputs) == ("SUCCEEDED", {"result": "sha256:1"})


async def test_an_older_interpreter_takes_the_run_as_ended(quiet: Stack) -> None:
    await started(quiet, GO, "go")
    [(run_id,)] = await quiet.services.database.rows(text("SELECT id FROM workflow_run"))
    older, newer = (OpenRun(quiet.services, run_id, epoch, "worker") for epoch in (1, 2))
    assert await older.claim() is not None
    assert await newer.claim() is not None
    assert (await older.advance({})).has_ended
    assert await older.claim() is None


@pytest.mark.parametrize("seconds", [0.0, 60.0])
async def test_a_run_continues_after_a_pause_and_a_signal_whether_it_lingers_or_not(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr("reconcilers.driving.LINGER_SECONDS", seconds)
    run = await started(stack, GO, "go")
    await waiting(stack, run, "wait")
    sent = await stack.mutate("signalWorkflow", f"__typename {SIMPLE_RESULT}", run=run, signal="go")
    assert sent == {"__typename": "WorkflowRunPayload"}
    found = await ended(stack, run)
    assert (found["state"], [line["message"] for line in found["logs"]["nodes"]]) == ("SUCCEEDED", ["Begun.", "Going."])


async def test_a_run_becomes_quiet_although_an_attempt_is_stopped_before_it_begins(
    quiet: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconcilers.driving.LINGER_SECONDS", 0.0)
    drive = Drive(quiet.services, Limiter("steps of a test", 1), OpenRun(quiet.services, 1, 1, "worker"), 1)
    drive._match(Advanced(has_ended=False, open={(1, "begin", 1)}))
    stopped = Advanced(has_ended=False)
    drive._match(stopped)
    async with asyncio.timeout(20):
        while await drive._something_happens(stopped):
            drive._news.clear()
    assert not drive._stopping
