"""Has runs executed: what a transaction changes in a run is seen by its interpreter soon after the commit."""

from app.automation.services import WorkflowServices
from app.core.transaction import Transaction
from app.jobs.workflows import ContinueRun
from app.tables.runs import WorkflowRun
from app.workflows.run import RunState


def continue_soon(transaction: Transaction, row: WorkflowRun) -> None:
    """Asks for a step of a run after the commit. The worker that drives the run hears of it at once; the job is for a
    run that no worker drives."""
    continue_by_id(transaction, row.id, row.organization_id)


def continue_by_id(transaction: Transaction, run_id: int, organization_id: int) -> None:
    """The same for a run that was not read."""
    transaction.look_at_runs()
    transaction.enqueue(ContinueRun(run_id=run_id), organization_id=organization_id)


async def continue_run(services: WorkflowServices, job: ContinueRun) -> None:
    """Has a run continued by the process that drives it, or by its interpreter."""
    async with services.database.reading() as session:
        row = await session.get(WorkflowRun, job.run_id)
    if row is not None and row.state is RunState.RUNNING:
        await services.executor.wake(row.id, row.epoch)
