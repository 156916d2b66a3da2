"""Runs, their steps and logs as lists."""

from collections.abc import Sequence

from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.tables.runs import StepLog, StepRun, WorkflowRun
from app.workflows.run import RunState, StepState

_SHORT = defer(WorkflowRun.definition, raiseload=True)  # type: ignore[arg-type]


async def runs_page(
    services: Services,
    organization_id: int,
    window: Window,
    *,
    workflow: str | None = None,
    workflow_id: str | None = None,
    states: Sequence[RunState] | None = None,
    schedule_id: int | None = None,
    parent_id: int | None = None,
) -> Page[WorkflowRun]:
    """The runs of an organization, newest first."""
    statement = select(WorkflowRun).where(col(WorkflowRun.organization_id) == organization_id).options(_SHORT)
    if workflow is not None:
        statement = statement.where(col(WorkflowRun.workflow) == workflow)
    if workflow_id is not None:
        statement = statement.where(col(WorkflowRun.workflow_id) == workflow_id)
    if schedule_id is not None:
        statement = statement.where(col(WorkflowRun.schedule_id) == schedule_id)
    if parent_id is not None:
        statement = statement.where(col(WorkflowRun.parent_id) == parent_id)
    if states is not None:
        statement = statement.where(col(WorkflowRun.state).in_(states))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(WorkflowRun.id)], window, descending=True)


async def runs_by_id(session: AsyncSession, ids: Sequence[int]) -> dict[int, WorkflowRun]:
    statement = select(WorkflowRun).where(col(WorkflowRun.id).in_(ids)).options(_SHORT)
    return {row.id: row for row in (await session.exec(statement)).all()}


async def run_documents(session: AsyncSession, ids: Sequence[int]) -> dict[int, str]:
    """The definitions of runs, in JSON."""
    statement = select(WorkflowRun.id, WorkflowRun.definition).where(col(WorkflowRun.id).in_(ids))
    return {row[0]: row[1] for row in (await session.exec(statement)).all()}


async def steps_page(
    services: Services, run_id: int, window: Window, *, states: Sequence[StepState] | None = None
) -> Page[StepRun]:
    """The steps of a run that have begun, in the order in which they began."""
    statement = select(StepRun).where(col(StepRun.run_id) == run_id)
    if states is not None:
        statement = statement.where(col(StepRun.state).in_(states))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(StepRun.id)], window)


async def logs_page(services: Services, run_id: int, window: Window, *, path: str | None = None) -> Page[StepLog]:
    """The lines of the logs of a run or of one of its steps, the oldest first."""
    statement = select(StepLog).where(col(StepLog.run_id) == run_id)
    if path is not None:
        statement = statement.where(col(StepLog.path) == path)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(StepLog.id)], window)


async def waiting_steps(session: AsyncSession, run_ids: Sequence[int]) -> dict[int, list[StepRun]]:
    """The steps of each run that wait for an event."""
    statement = (
        select(StepRun)
        .where(col(StepRun.run_id).in_(run_ids), col(StepRun.wait).is_not(None))
        .where(col(StepRun.state) == StepState.RUNNING, col(StepRun.outcome).is_(None))
        .order_by(col(StepRun.id))
    )
    found: dict[int, list[StepRun]] = {run_id: [] for run_id in run_ids}
    for row in (await session.exec(statement)).all():
        found[row.run_id].append(row)
    return found
