"""Has runs executed: what a transaction changes in a run is seen by its interpreter soon after the commit."""

from app.automation.services import WorkflowServices
from app.core.transaction import Transaction
from app.jobs.workflows import ContinueRun
from app.tables.runs import WorkflowRun
from app.workflows.run import RunState


def continue_soon(transaction: Transaction, row: WorkflowRun) -> None:
    """Asks for a step of a run after the commit."""
    transaction.enqueue(ContinueRun(run_id=row.id), organization_id=row.organization_id)


async def continue_run(services: WorkflowServices, job: ContinueRun) -> None:
    """Starts the interpreter of a run, unless it was started, and wakes it."""
    async with services.database.reading() as session:
        row = await session.get(WorkflowRun, job.run_id)
    if row is not None and row.state is RunState.RUNNING:
        await services.executor.start(row.id, row.epoch, row.version)
        await services.executor.wake(row.id, row.epoch)
