"""Attempts of steps that a function works on: begun, and ended with an outcome.

An attempt is known by the path of its step and the version of the run in which it began. Only the present attempt of a
step takes an outcome, and only one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.services import WorkflowServices
from app.tables.runs import StepRun, WorkflowRun
from app.workflows.run import RunState, StepState

Key = tuple[int, str, int]
"""The id of the run, the path of the step, and the version of the run in which the attempt began."""


@dataclass(frozen=True)
class Begun:
    """An attempt that a worker works on. `executions` is how many have begun to, this one included."""

    run: WorkflowRun
    path: str
    attempt: int
    type: str
    inputs: dict[str, Any]
    executions: int


def _is_open(key: Key) -> Any:
    run_id, path, version = key
    return (
        (col(StepRun.run_id) == run_id)
        & (col(StepRun.path) == path)
        & (col(StepRun.begun_version) == version)
        & (col(StepRun.state) == StepState.RUNNING)
        & col(StepRun.outcome).is_(None)
    )


async def begin_attempt(services: WorkflowServices, key: Key) -> Begun | None:
    """Counts an execution of an attempt. Returns None if it has ended."""
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


async def end_attempt(services: WorkflowServices, key: Key, outcome: dict[str, Any]) -> None:
    """Stores the outcome of an attempt, in the form of `app.workflows.stored_form`, unless it has ended."""
    async with services.transaction() as transaction:
        await transaction.session.execute(update(StepRun).where(_is_open(key)).values(outcome=outcome))


async def facts_of(services: WorkflowServices, run_id: int) -> tuple[int, int] | None:
    """The organization and the epoch of a run; None if it has ended."""
    statement = select(WorkflowRun.organization_id, WorkflowRun.epoch).where(
        col(WorkflowRun.id) == run_id, col(WorkflowRun.state) == RunState.RUNNING
    )
    rows = await services.database.rows(statement)
    return tuple(rows[0]) if rows else None


async def open_among(services: WorkflowServices, keys: Collection[Key]) -> set[Key]:
    """Which of these attempts have not ended."""
    columns = col(StepRun.run_id), col(StepRun.path), col(StepRun.begun_version)
    statement = (
        select(*columns)
        .join(WorkflowRun, col(WorkflowRun.id) == StepRun.run_id)
        .where(tuple_(*columns).in_(list(keys)), col(WorkflowRun.state) == RunState.RUNNING)
        .where(col(StepRun.state) == StepState.RUNNING, col(StepRun.outcome).is_(None))
    )
    return {(run_id, path, version) for run_id, path, version in await services.database.rows(statement)}
