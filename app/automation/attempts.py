"""Attempts of steps that a function works on.

An attempt is known by the path of its step and the version of the run in which it began. Only the present attempt of a
step takes an outcome, and only one (`app/automation/advancing.py`). A function can also end with a wait: from then on,
no worker works on the attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.codes import WorkflowEvent
from app.automation.events import named, record_event
from app.automation.services import WorkflowServices
from app.releases.texts import without_nul
from app.tables.runs import StepRun, WorkflowRun
from app.workflows.run import RunState, StepState, WaitKind

Key = tuple[int, str, int]
"""The id of the run, the path of the step, and the version of the run in which the attempt began."""

Outcome = Mapping[str, Any]
"""The outcome of an attempt: outputs, or an error, in the form of `app.workflows.stored_form`."""

_LONGEST_MESSAGE = 2_000


@dataclass(frozen=True)
class Begun:
    """An attempt that a worker works on. `executions` is how many have begun to, this one included."""

    run: WorkflowRun
    path: str
    attempt: int
    type: str
    inputs: dict[str, Any]
    executions: int


def failed(path: str, code: str, message: str) -> Outcome:
    """The outcome of an attempt of the step with this path that has failed."""
    error = {"code": str(code), "message": without_nul(message)[:_LONGEST_MESSAGE], "path": path}
    return {"outputs": None, "error": error}


def _is_open(key: Key) -> Any:
    run_id, path, version = key
    return (
        (col(StepRun.run_id) == run_id)
        & (col(StepRun.path) == path)
        & (col(StepRun.begun_version) == version)
        & (col(StepRun.state) == StepState.RUNNING)
        & col(StepRun.wait).is_(None)
        & col(StepRun.outcome).is_(None)
    )


async def begin_attempt(services: WorkflowServices, key: Key) -> Begun | None:
    """Counts an execution of an attempt that another worker has begun. Returns None if it has ended, or waits."""
    async with services.transaction() as transaction:
        session = transaction.session
        run = await session.get(WorkflowRun, key[0])
        if run is None or run.state is not RunState.RUNNING:
            return None
        statement = (
            update(StepRun)
            .where(_is_open(key))
            .values(executions=StepRun.executions + 1)
            .returning(col(StepRun.attempt), col(StepRun.type), col(StepRun.inputs), col(StepRun.executions))
        )
        found = (await session.execute(statement)).first()
        session.expunge(run)
    if found is None:
        return None
    attempt, step_type, inputs, executions = found
    return Begun(run, key[1], attempt, step_type, inputs or {}, executions)


async def is_open(session: AsyncSession, key: Key) -> bool:
    """Whether an attempt is still to be worked on."""
    statement = (
        select(StepRun.id)
        .join(WorkflowRun, col(WorkflowRun.id) == StepRun.run_id)
        .where(_is_open(key), col(WorkflowRun.state) == RunState.RUNNING)
    )
    return (await session.exec(statement)).first() is not None


async def let_wait(services: WorkflowServices, run: WorkflowRun, key: Key, kind: WaitKind) -> None:
    """Lets an attempt wait for an event, unless it has ended: the event may have come before."""
    async with services.transaction() as transaction:
        statement = update(StepRun).where(_is_open(key)).values(wait=kind).returning(col(StepRun.id))
        if (await transaction.session.execute(statement)).first() is None:
            return
        message = f"The {named(run)} progressed: {key[1]} waits."
        record_event(transaction, WorkflowEvent.RUN_PROGRESSED, message, run=run, actor=run.starter)
