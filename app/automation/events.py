"""Writes events of runs."""

from typing import Any

from app.core.transaction import Transaction
from app.registers.register import EventKind
from app.tables.runs import WorkflowRun


def named(run: WorkflowRun) -> str:
    """A run within a sentence, after an article."""
    return f"run {run.workflow_id} of the workflow {run.workflow}"


def record_event(
    transaction: Transaction, kind: EventKind, message: str, *, run: WorkflowRun, actor: str | None, **data: Any
) -> None:
    """Records an event with the names of the workflow and of the run: it may outlive both."""
    transaction.record(
        kind,
        message,
        organization_id=run.organization_id,
        actor=actor,
        subject=run,
        workflow=run.workflow,
        workflowId=run.workflow_id,
        **data,
    )
