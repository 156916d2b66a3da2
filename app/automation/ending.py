"""What follows the end of a run, in the transaction that ends it: a schedule starts the run that it owes, the step that
has started the run ends, and the runs that steps of this run have started are cancelled."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, update
from sqlmodel import col, select

from app.automation.attempts import Outcome, failed
from app.automation.continuing import continue_by_id
from app.automation.events import named
from app.core.transaction import Transaction
from app.jobs.workflows import CancelChildren, StartScheduled
from app.tables.runs import StepRun, WorkflowRun
from app.tables.schedules import WorkflowSchedule
from app.workflows.run import RunState, StepState


async def follow_end(
    transaction: Transaction,
    row: WorkflowRun,
    state: RunState,
    *,
    outputs: Mapping[str, Any] | None = None,
    error: Mapping[str, str] | None = None,
) -> None:
    """`row` is locked, and `state` is how the run has ended."""
    await _start_queued(transaction, row)
    if row.parent_id is not None:
        await _end_step(transaction, row, _outcome(row, state, outputs, error))
    await cancel_children_soon(transaction, row)


async def cancel_children_soon(transaction: Transaction, row: WorkflowRun) -> None:
    """Asks for the end of the runs that steps of a run have started and no longer wait for."""
    statement = select(exists().where(col(WorkflowRun.parent_id) == row.id, col(WorkflowRun.state) == RunState.RUNNING))
    if (await transaction.session.exec(statement)).one():
        transaction.enqueue(CancelChildren(run_id=row.id), organization_id=row.organization_id)


async def _start_queued(transaction: Transaction, row: WorkflowRun) -> None:
    """A schedule that finds the run open has locked it before, and its row is seen here, or it finds the run ended."""
    statement = select(WorkflowSchedule.id, WorkflowSchedule.queued_at).where(
        col(WorkflowSchedule.organization_id) == row.organization_id,
        col(WorkflowSchedule.workflow_id) == row.workflow_id,
        col(WorkflowSchedule.queued_at).is_not(None),
    )
    for schedule_id, at in (await transaction.session.exec(statement)).all():
        transaction.enqueue(StartScheduled(schedule_id=schedule_id, at=at), organization_id=row.organization_id)


def _outcome(
    row: WorkflowRun, state: RunState, outputs: Mapping[str, Any] | None, error: Mapping[str, str] | None
) -> Outcome:
    """The outcome of the step that has started a run."""
    name = f"The {named(row)}"
    if state is RunState.SUCCEEDED:
        return {"outputs": {"workflowId": row.workflow_id, "outputs": dict(outputs or {})}, "error": None}
    if state is RunState.CANCELLED:
        return failed(row.parent_path or "", "run_cancelled", f"{name} was cancelled.")
    where, why = (error["path"], error["message"]) if error else ("", "")
    return failed(row.parent_path or "", "run_failed", f"{name} has failed{where and f' at {where}'}: {why}")


async def _end_step(transaction: Transaction, row: WorkflowRun, outcome: Outcome) -> None:
    assert row.parent_id is not None
    statement = (
        update(StepRun)
        .where(col(StepRun.run_id) == row.parent_id, col(StepRun.path) == row.parent_path)
        .where(col(StepRun.begun_version) == row.parent_version, col(StepRun.state) == StepState.RUNNING)
        .where(col(StepRun.outcome).is_(None))
        .values(outcome=outcome)
        .execution_options(synchronize_session=False)
    )
    await transaction.session.execute(statement)
    continue_by_id(transaction, row.parent_id, row.organization_id)
