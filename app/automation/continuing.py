"""Has runs executed: what a transaction changes in a run is seen by its interpreter soon after the commit, and what
waits for the end of a run starts after it."""

from sqlmodel import col, select

from app.automation.services import WorkflowServices
from app.core.transaction import Transaction
from app.jobs.workflows import ContinueRun, StartScheduled
from app.tables.runs import WorkflowRun
from app.tables.schedules import WorkflowSchedule
from app.workflows.run import RunState


def continue_soon(transaction: Transaction, row: WorkflowRun) -> None:
    """Asks for a step of a run after the commit. The worker that drives the run hears of it at once; the job is for a
    run that no worker drives."""
    transaction.look_at_runs()
    transaction.enqueue(ContinueRun(run_id=row.id), organization_id=row.organization_id)


async def start_queued(transaction: Transaction, row: WorkflowRun) -> None:
    """Asks for the runs of schedules that wait for the end of a run, which has ended. Its row is locked: a schedule
    that finds the run open has locked it before, and its row is seen here, or it finds the run ended."""
    statement = select(WorkflowSchedule.id, WorkflowSchedule.queued_at).where(
        col(WorkflowSchedule.organization_id) == row.organization_id,
        col(WorkflowSchedule.workflow_id) == row.workflow_id,
        col(WorkflowSchedule.queued_at).is_not(None),
    )
    for schedule_id, at in (await transaction.session.exec(statement)).all():
        transaction.enqueue(StartScheduled(schedule_id=schedule_id, at=at), organization_id=row.organization_id)


async def continue_run(services: WorkflowServices, job: ContinueRun) -> None:
    """Has a run continued by the process that drives it, or by its interpreter."""
    async with services.database.reading() as session:
        row = await session.get(WorkflowRun, job.run_id)
    if row is not None and row.state is RunState.RUNNING:
        await services.executor.wake(row.id, row.epoch)
