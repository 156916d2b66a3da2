"""Computes and stores what happens next in a run.

The interpreter of a run calls `advance` with the version that it knows. A step is written only if the run still has
this version. Its result is complete, so a worker can end at any point: the next call of `advance` with the same
version gets the attempts that the stored step has begun.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import delete, exists, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.codes import WorkflowEvent
from app.automation.continuing import start_queued
from app.automation.metrics import ENDED_RUNS
from app.automation.services import WorkflowServices
from app.automation.stored import run_form, step_columns
from app.core.database import LOST, DataRefusedError
from app.core.tenancy import acting_for
from app.core.threads import in_thread
from app.core.transaction import Transaction
from app.durable.program import Advance
from app.sandbox.pool import PERMANENT, TOO_EXPENSIVE, RunError
from app.tables.columns import now
from app.tables.events import Outcome as EventOutcome
from app.tables.runs import RunSignal, StepRun, WorkflowRun
from app.workflows.definition import ON_CANCEL
from app.workflows.run import ENDED, RunState, StepState, WaitKind

log = structlog.get_logger()

PROGRAM = Path(__file__).with_name("run_program.py")
FROM_THE_START = -1
"""The version of an interpreter that knows nothing of its run: it starts all attempts that are open and not started."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
_MOST_NAMED = 5
_INSERT = insert(StepRun)
_UPSERT = _INSERT.on_conflict_do_update(
    index_elements=["run_id", "path"],
    set_={column.name: column for column in _INSERT.excluded if column.name not in ("id", "run_id", "path")},
)


async def advance(services: WorkflowServices, run_id: int, epoch: int, version: int) -> Advance:
    """Computes and stores the next step, and repeats what fails until it succeeds."""
    pause = _FIRST_PAUSE
    while True:
        try:
            found = await _advance(services, run_id, epoch, version)
        except LOST as error:
            log.warning("workflows.database_lost", run=run_id, error=str(error))
        except RunError as error:  # too many requests, or the process was killed from outside
            log.warning("workflows.step_delayed", run=run_id, outcome=error.outcome.value)
        except Exception:
            log.exception("workflows.step_failed", run=run_id)
        else:
            if found is not None:
                return found
            continue  # another worker, or a user, was faster
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _advance(services: WorkflowServices, run_id: int, epoch: int, version: int) -> Advance | None:
    async with services.database.reading() as session:
        row = await session.get(WorkflowRun, run_id)
    if row is None or row.state is not RunState.RUNNING or row.epoch > epoch:
        return {"version": version, "starts": [], "seconds": None, "has_ended": True}
    with acting_for(row.organization_id):
        if row.epoch < epoch:
            await _set_epoch(services, run_id, epoch)
            return None
        async with services.database.reading() as session:
            if row.version != version:
                starts = await _begun_after(session, run_id, version)
                return {"version": row.version, "starts": starts, "seconds": 0, "has_ended": False}
            if not await _has_news(session, row):
                return {"version": version, "starts": [], "seconds": _seconds(row.next_at), "has_ended": False}
            statement = select(StepRun).where(col(StepRun.run_id) == run_id).order_by(col(StepRun.id))
            steps = {step.path: step for step in (await session.exec(statement)).all()}
        moment = now()
        answer = await _asked(services, row, steps, moment)
        try:
            return await _store(services, row, steps, answer, moment)
        except DataRefusedError:  # such as U+0000, which Postgres cannot store
            refused = _failure("expression", "The result of an expression cannot be stored.")
            return await _store(services, row, steps, refused, moment)


async def _set_epoch(services: WorkflowServices, run_id: int, epoch: int) -> None:
    async with services.transaction() as transaction:
        statement = update(WorkflowRun).where(col(WorkflowRun.id) == run_id, col(WorkflowRun.epoch) < epoch)
        await transaction.session.execute(statement.values(epoch=epoch))


async def _begun_after(session: AsyncSession, run_id: int, version: int) -> list[tuple[str, int]]:
    """The open attempts that began after a version, and that a function works on."""
    statement = (
        select(StepRun.path, StepRun.begun_version)
        .where(col(StepRun.run_id) == run_id, col(StepRun.begun_version) > version)
        .where(col(StepRun.state) == StepState.RUNNING, col(StepRun.attempt) > 0)
        .where(col(StepRun.wait).is_(None), col(StepRun.outcome).is_(None))
        .order_by(col(StepRun.id))
    )
    return [(path, begun) for path, begun in (await session.exec(statement)).all()]


async def _has_news(session: AsyncSession, row: WorkflowRun) -> bool:
    """Whether anything has happened since the last step of a run."""
    if row.version == 0 or (row.next_at is not None and row.next_at <= now()):
        return True
    if row.is_cancelling:
        has_begun = exists().where(col(StepRun.run_id) == row.id, col(StepRun.path).startswith(ON_CANCEL))
        if not (await session.exec(select(has_begun))).one():
            return True
    has_outcome = exists().where(col(StepRun.run_id) == row.id, col(StepRun.outcome).is_not(None))
    return bool((await session.exec(select(has_outcome))).one())


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else max(0.0, (moment - now()).total_seconds())


async def _asked(
    services: WorkflowServices, row: WorkflowRun, steps: Mapping[str, StepRun], moment: datetime
) -> dict[str, Any]:
    """The next step of a run, as the process with its expressions has computed it."""
    asked = {"definition": row.definition, "run": run_form(row, steps), "now": moment.isoformat()}
    try:
        request = await in_thread(json.dumps, asked)
        answer: dict[str, Any] = await in_thread(
            json.loads, await services.workflow_steps.run(row.organization_id, request.encode())
        )
    except RunError as error:
        if error.outcome not in PERMANENT:
            raise
        if error.outcome in TOO_EXPENSIVE:
            pool = services.workflow_steps
            limits = f"{pool.seconds:g} s of CPU time and {pool.memory // 2**20:,} MiB of memory"
            return _failure("too_expensive", f"A step of the run may use {limits}. Simplify its expressions.")
        return _failure("internal", "The computation of the next step crashed, which is an error of Polyhelm itself.")
    return answer


def _failure(code: str, message: str) -> dict[str, Any]:
    """The step with which a run fails that cannot be continued."""
    error = {"code": code, "message": message, "path": ""}
    return {"state": "FAILED", "outputs": None, "error": error, "changed": {}, "starts": [], "nextAt": None}


async def _store(
    services: WorkflowServices,
    row: WorkflowRun,
    before: Mapping[str, StepRun],
    answer: Mapping[str, Any],
    moment: datetime,
) -> Advance | None:
    """Writes a step. Returns None if the run has another version by now."""
    version, state = row.version + 1, RunState(answer["state"])
    changed = answer["changed"]
    next_at = None if answer["nextAt"] is None else datetime.fromisoformat(answer["nextAt"])
    has_ended = state is not RunState.RUNNING
    columns = [step_columns(row.id, path, form, before.get(path), version) for path, form in changed.items()]
    async with services.transaction() as transaction:
        session = transaction.session
        statement = (
            update(WorkflowRun)
            .where(col(WorkflowRun.id) == row.id, col(WorkflowRun.version) == row.version)
            .where(col(WorkflowRun.state) == RunState.RUNNING, col(WorkflowRun.epoch) == row.epoch)
            .values(
                version=version,
                state=state,
                outputs=answer["outputs"],
                error=answer["error"],
                next_at=next_at,
                ended_at=moment if has_ended else None,
            )
            .returning(col(WorkflowRun.id))
        )
        if (await session.execute(statement)).first() is None:
            return None
        if columns:
            await session.execute(_UPSERT, columns)
        signalled = False
        if has_ended:
            await end_steps(session, row.id, moment)
            await start_queued(transaction, row)
        else:
            waits = [
                found for found in columns if found["wait"] is WaitKind.SIGNAL and found["begun_version"] == version
            ]
            for wait in waits:
                signalled |= await _take_signal(session, row.id, wait["path"], wait["wait_signal"])
        _record(transaction, row, state, before, changed, answer["error"])
    if has_ended:
        ENDED_RUNS.labels(state).inc()
    starts = [(path, version) for path, _ in answer["starts"]]
    seconds = 0 if signalled else _seconds(next_at)
    return {"version": version, "starts": starts, "seconds": seconds, "has_ended": has_ended}


async def end_steps(session: AsyncSession, run_id: int, moment: datetime) -> None:
    """Ends what is open in a run that has ended."""
    await session.execute(delete(RunSignal).where(col(RunSignal.run_id) == run_id))
    await session.execute(
        update(StepRun)
        .where(col(StepRun.run_id) == run_id, col(StepRun.state).not_in(ENDED))
        .values(state=StepState.CANCELLED, ended_at=moment, due=None, outcome=None)
    )


async def _take_signal(session: AsyncSession, run_id: int, path: str, name: str) -> bool:
    """Ends a wait with the oldest signal of its name that was sent before. Returns whether there was one."""
    statement = (
        select(RunSignal)
        .where(col(RunSignal.run_id) == run_id, col(RunSignal.name) == name)
        .order_by(col(RunSignal.id))
        .limit(1)
        .with_for_update(key_share=True)
    )
    signal = (await session.exec(statement)).first()
    if signal is None:
        return False
    outcome = {"outputs": {"payload": signal.payload}, "error": None}
    await session.execute(
        update(StepRun).where(col(StepRun.run_id) == run_id, col(StepRun.path) == path).values(outcome=outcome)
    )
    await session.delete(signal)
    return True


def _record(
    transaction: Transaction,
    row: WorkflowRun,
    state: RunState,
    before: Mapping[str, StepRun],
    changed: Mapping[str, Any],
    error: Mapping[str, str] | None,
) -> None:
    """Records what has changed, without inputs and outputs."""
    if state is not RunState.RUNNING:
        why = f": {error['message']}" if error else ""
        transaction.record(
            WorkflowEvent.RUN_ENDED,
            f"The run {row.workflow_id} of the workflow {row.workflow} is {state}{why}",
            organization_id=row.organization_id,
            actor=row.starter,
            subject=row,
            outcome=EventOutcome.FAILED if state is RunState.FAILED else EventOutcome.SUCCEEDED,
            workflow=row.workflow,
            workflowId=row.workflow_id,
            state=state,
        )
        return
    states = {
        path: form["state"]
        for path, form in changed.items()
        if path not in before or before[path].state != form["state"]
    }
    named = ", ".join(f"{path} {found}" for path, found in list(states.items())[:_MOST_NAMED])
    more = f" and {len(states) - _MOST_NAMED} more" if len(states) > _MOST_NAMED else ""
    transaction.record(
        WorkflowEvent.RUN_PROGRESSED,
        f"The run {row.workflow_id} of the workflow {row.workflow} progressed: {named}{more}.",
        organization_id=row.organization_id,
        actor=row.starter,
        subject=row,
        workflow=row.workflow,
        workflowId=row.workflow_id,
    )
