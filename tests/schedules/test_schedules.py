"""Schedules of workflows: saved, paused, and what they start."""

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client import REGISTRY
from sqlalchemy import text as sql

from app.jobs.workflows import StartScheduled
from app.schedules.starting import look_for_overdue, start_due, start_scheduled
from app.tables.identity import Role
from app.tables.schedules import TimeOutcome
from schema.relay.ids import row_id
from tests.automation.test_runs import save, start
from tests.identity.callers import token_of
from tests.stack import SIMPLE_RESULT, Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
WAIT = "name: wait\nsteps:\n  - {name: wait, type: signal, inputs: {signal: go}}\n"
GREET = "name: greet\nparameters: {required: [who], properties: {who: {type: string}}}\nsteps:\n  - {name: hi, type: log, inputs: {message: 'Hi, ${{ parameters.who }}'}}\n"  # noqa: E501
FIELDS = """id name cron timeZone meaning workflowId overlap catchUp isPaused owner nextAt queuedAt version nextTimes
  parameters description last { at outcome message } workflow { name }"""
RESULT = f"... on WorkflowSchedulePayload {{ schedule {{ {FIELDS} }} }} {SIMPLE_RESULT}"
CHANGED = f"... on WorkflowSchedulePayload {{ schedule {{ {FIELDS} }} }}"
SHOWN = f"""query ($name: String!) {{ workflowSchedule(name: $name) {{
  {FIELDS} runs {{ nodes {{ state workflowId starter scheduledAt schedule {{ name }} }} }}
}} }}"""
_RUNNING = sql("SELECT count(*) FROM workflow_run WHERE state = 'RUNNING'")
_RUNS = sql("SELECT count(*) FROM workflow_run")
_END = sql("UPDATE workflow_run SET state = 'SUCCEEDED', ended_at = now() WHERE state = 'RUNNING'")
_DUE = sql("UPDATE workflow_schedule SET next_at = :at")
_JOBS = sql("SELECT count(*) FROM job WHERE name = 'workflows.start_scheduled'")


async def saved(stack: Stack, **given: Any) -> Any:
    given = {"name": "nightly", "workflow": "wait", "cron": "0 2 * * *"} | given
    return await stack.mutate("saveSchedule", RESULT, **given)


async def shown(stack: Stack) -> Any:
    return (await stack.data(SHOWN, name="nightly"))["workflowSchedule"]


async def number(stack: Stack, statement: Any) -> int:
    return int((await stack.services.database.rows(statement))[0][0])


async def made(stack: Stack, **given: Any) -> int:
    """A schedule of a workflow whose runs end when they are signalled; gives the id of its row."""
    await save(stack, WAIT)
    answer = await saved(stack, **given)
    assert "schedule" in answer, answer
    return row_id(answer["schedule"]["id"], "WorkflowSchedule")


async def due_at(stack: Stack, at: datetime) -> None:
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(_DUE, {"at": at})


async def test_a_schedule_is_saved_changed_paused_resumed_and_deleted(quiet: Stack) -> None:
    await save(quiet, WAIT)
    created = (await saved(quiet, timeZone="Europe/Paris", description="Each night."))["schedule"]
    assert created["meaning"] == "At 02:00 every day"
    assert (created["workflowId"], created["overlap"], created["catchUp"]) == ("nightly", "SKIP", "1h")
    assert (created["version"], created["last"], created["workflow"]) == (1, None, {"name": "wait"})
    assert len(created["nextTimes"]) == 5
    assert created["nextTimes"][0] == created["nextAt"]
    assert (await saved(quiet, timeZone="Europe/Paris", description="Each night."))["schedule"]["version"] == 1
    changed = (await saved(quiet, overlap="QUEUE_ONE", catchUp="90m", workflowId="night", version=1))["schedule"]
    assert (changed["version"], changed["timeZone"], changed["description"]) == (2, "UTC", None)
    assert (changed["overlap"], changed["catchUp"], changed["workflowId"]) == ("QUEUE_ONE", "1h30m", "night")
    conflict = await saved(quiet, version=1)
    assert conflict["code"] == "schedule_changed"
    paused = (await quiet.mutate("pauseSchedule", CHANGED, id=created["id"]))["schedule"]
    assert (paused["isPaused"], paused["nextAt"], paused["nextTimes"]) == (True, None, [])
    resumed = (await quiet.mutate("resumeSchedule", CHANGED, id=created["id"]))["schedule"]
    assert (resumed["isPaused"], resumed["nextAt"], resumed["version"]) == (False, changed["nextAt"], 4)
    deleted = await quiet.mutate("deleteSchedule", "... on DeleteSchedulePayload { id }", id=created["id"])
    assert deleted == {"id": created["id"]}
    assert await shown(quiet) is None


async def test_each_field_that_is_not_valid_is_named(quiet: Stack) -> None:
    await save(quiet, GREET)
    problems = (
        await saved(quiet, workflow="greet", name="A b", cron="61 * * * *", timeZone="Mars/Base", catchUp="soon")
    )["problems"]
    assert [each["path"] for each in problems] == [["name"], ["cron"], ["timeZone"], ["catchUp"]]
    assert (await saved(quiet, workflow="greet"))["problems"][0]["path"] == ["parameters"]
    assert (await saved(quiet, workflow="none"))["code"] == "workflow_not_found"
    viewer = await token_of(quiet, Role.VIEWER)
    answer = await quiet.mutate("saveSchedule", RESULT, viewer, name="n", workflow="greet", cron="@daily")
    assert answer["code"] == "forbidden"


async def test_a_time_starts_a_run_as_the_owner_and_the_schedule_moves_on(stack: Stack) -> None:
    await save(stack, GREET)
    answer = await saved(stack, workflow="greet", cron="* * * * * *", parameters={"who": "canary"})
    assert "schedule" in answer, answer

    async def has_run() -> bool:
        return [run["state"] for run in (await shown(stack))["runs"]["nodes"]].count("SUCCEEDED") >= 2

    await eventually(has_run)
    found = await shown(stack)
    run = found["runs"]["nodes"][-1]
    assert (run["workflowId"], run["starter"], run["schedule"]) == ("nightly", "admin", {"name": "nightly"})
    assert found["last"]["outcome"] in ("STARTED", "SKIPPED")
    scheduled = [each["scheduledAt"] for each in found["runs"]["nodes"]]
    assert len(set(scheduled)) == len(scheduled)
    await stack.mutate("pauseSchedule", CHANGED, id=found["id"])


async def test_no_two_runs_are_in_progress_however_long_they_take(quiet: Stack) -> None:
    """A time each second, runs of 2.5 s, and a clock that is set forward. The long form: SCHEDULE_SECONDS=600."""
    seconds = int(os.environ.get("SCHEDULE_SECONDS", "20"))
    schedule_id = await made(quiet, cron="* * * * * *")
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    await due_at(quiet, begin)
    ends, outcomes = None, []
    for tick in range(2 * seconds):
        moment = begin + timedelta(seconds=tick / 2)
        if ends is not None and moment >= ends:
            async with quiet.services.transaction() as transaction:
                await transaction.session.execute(_END)
            ends = None
        outcome = await start_due(quiet.services, schedule_id, moment)
        if outcome is TimeOutcome.STARTED:
            ends = moment + timedelta(seconds=2.5)
        if outcome is not None:
            outcomes.append(outcome)
        assert await number(quiet, _RUNNING) == (ends is not None)
    cycle = [TimeOutcome.STARTED, TimeOutcome.SKIPPED, TimeOutcome.SKIPPED]
    assert outcomes == (cycle * seconds)[:seconds]


async def test_of_the_times_that_pass_during_a_run_one_starts_a_run_at_its_end(quiet: Stack) -> None:
    schedule_id = await made(quiet, cron="0 * * * *", overlap="QUEUE_ONE")
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    await due_at(quiet, begin)
    hour = timedelta(hours=1)
    outcomes = [await start_due(quiet.services, schedule_id, begin + count * hour) for count in range(3)]
    assert outcomes == [TimeOutcome.STARTED, TimeOutcome.QUEUED, TimeOutcome.QUEUED]
    queued = await shown(quiet)
    assert queued["queuedAt"] is not None
    assert await start_due(quiet.services, schedule_id, begin + 2 * hour) is None
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(sql("DELETE FROM job"))
    runs = (await quiet.data("{ workflowRuns(state: [RUNNING]) { nodes { id } } }"))["workflowRuns"]["nodes"]
    await quiet.mutate("terminateRun", "__typename", run=runs[0]["id"], reason="It has ended.")
    assert await number(quiet, _JOBS) == 1
    job = StartScheduled(schedule_id=schedule_id, at=queued["queuedAt"])
    await start_scheduled(quiet.services, job)
    await start_scheduled(quiet.services, job)
    found = await shown(quiet)
    assert [(run["state"], run["scheduledAt"]) for run in found["runs"]["nodes"]] == [
        ("RUNNING", queued["queuedAt"]),
        ("CANCELLED", found["runs"]["nodes"][1]["scheduledAt"]),
    ]
    assert (found["queuedAt"], found["last"]["outcome"]) == (None, "STARTED")


async def test_a_time_that_is_found_too_late_starts_nothing(quiet: Stack) -> None:
    schedule_id = await made(quiet, cron="0 * * * *", catchUp="5m")
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await due_at(quiet, begin)
    outcome = await start_due(quiet.services, schedule_id, begin + timedelta(hours=3, minutes=6))
    assert outcome is TimeOutcome.MISSED
    assert await number(quiet, _RUNS) == 0
    last = (await shown(quiet))["last"]
    assert (last["outcome"], last["message"]) == ("MISSED", "The time was found after the catch-up window.")
    assert datetime.fromisoformat(last["at"]) == begin + timedelta(hours=3)
    events = (await quiet.data('{ events(kinds: ["schedule.skipped"]) { nodes { actor message } } }'))["events"][
        "nodes"
    ]
    assert [event["actor"] for event in events] == ["admin"]


async def test_a_schedule_whose_owner_is_gone_or_lacks_the_permission_starts_nothing_and_says_so(quiet: Stack) -> None:
    await save(quiet, WAIT)
    deployer = await token_of(quiet, Role.DEPLOYER)
    answer = await quiet.mutate("saveSchedule", RESULT, deployer, name="nightly", workflow="wait", cron="0 2 * * *")
    schedule_id = row_id(answer["schedule"]["id"], "WorkflowSchedule")
    moment = datetime.now(UTC)
    for change, message in (
        ("UPDATE membership SET role = 'VIEWER' WHERE user_id = :user", "permission"),
        ("DELETE FROM membership WHERE user_id = :user", "is no longer a member of the organization"),
    ):
        async with quiet.services.transaction() as transaction:
            await transaction.session.execute(sql(change.replace(":user", "(SELECT owner_id FROM workflow_schedule)")))
        await due_at(quiet, moment - timedelta(seconds=1))
        before = REGISTRY.get_sample_value("polyhelm_workflow_schedule_times_total", {"outcome": "REFUSED"}) or 0
        assert await start_due(quiet.services, schedule_id, moment) is TimeOutcome.REFUSED
        last = (await shown(quiet))["last"]
        assert message in last["message"]
        after = REGISTRY.get_sample_value("polyhelm_workflow_schedule_times_total", {"outcome": "REFUSED"})
        assert after == before + 1
    assert await number(quiet, _RUNS) == 0


async def test_a_start_whose_job_was_lost_is_found(quiet: Stack) -> None:
    await made(quiet)
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(sql("DELETE FROM job"))
    await look_for_overdue(quiet.services)
    assert await number(quiet, _JOBS) == 0
    await due_at(quiet, datetime.now(UTC) - timedelta(minutes=2))
    await look_for_overdue(quiet.services)
    await look_for_overdue(quiet.services)
    assert await number(quiet, _JOBS) == 1


async def test_a_run_that_a_user_has_started_with_the_id_excludes_the_schedule(quiet: Stack) -> None:
    schedule_id = await made(quiet)
    assert "run" in await start(quiet, "wait", workflowId="nightly")
    moment = datetime.now(UTC)
    await due_at(quiet, moment - timedelta(seconds=1))
    assert await start_due(quiet.services, schedule_id, moment) is TimeOutcome.SKIPPED
