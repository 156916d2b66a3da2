"""Runs that a step of another run has started: the step ends with them, and they are cancelled when it is stopped."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.attempts import Key, is_open
from app.automation.codes import WorkflowCode, WorkflowEvent
from app.automation.continuing import continue_soon
from app.automation.events import named, record_event
from app.automation.services import WorkflowServices
from app.automation.starting import begin_run, checked_start, require_free
from app.core.errors import Conflict
from app.identity.organizations import lock_organization
from app.identity.viewer import Viewer
from app.jobs.workflows import CancelChildren
from app.tables.runs import StepRun, WorkflowRun
from app.workflows.run import RunState, StepState

MOST_NESTED = 5
"""How many runs can be below another one."""


async def start_child(
    services: WorkflowServices,
    viewer: Viewer,
    key: Key,
    workflow: str,
    parameters: Mapping[str, Any],
    workflow_id: str | None,
) -> None:
    """Starts the run of an attempt, unless it was started before or the attempt has ended.

    Raises:
        UserError: as `start_workflow`, or there are too many runs below each other.
    """
    async with services.database.reading() as session:
        if await _has_child(session, key):
            return
    start = await checked_start(services, viewer, None, workflow, parameters, workflow_id=workflow_id)
    async with services.transaction() as transaction:
        session = transaction.session
        await lock_organization(session, start.organization_id)
        # A step that stops the attempt waits for this transaction, and then sees its run.
        parent = await session.get(WorkflowRun, key[0], with_for_update={"key_share": True})
        if parent is None or await _has_child(session, key) or not await is_open(session, key):
            return
        if parent.depth >= MOST_NESTED:
            message = f"At most {MOST_NESTED} runs can be below another one."
            raise Conflict(WorkflowCode.TOO_DEEP, message, ("workflow",))
        if workflow_id is not None:
            await require_free(session, start.organization_id, workflow_id, "workflowId")
        row = await begin_run(transaction, start, workflow_id)
        row.parent_id, row.parent_path, row.parent_version = key
        row.depth = parent.depth + 1


async def _has_child(session: AsyncSession, key: Key) -> bool:
    columns = zip((WorkflowRun.parent_id, WorkflowRun.parent_path, WorkflowRun.parent_version), key, strict=True)
    statement = select(exists().where(*(col(column) == value for column, value in columns)))
    return bool((await session.exec(statement)).one())


async def cancel_children(services: WorkflowServices, job: CancelChildren) -> None:
    """Cancels the runs that steps of a run have started and no longer wait for."""
    is_awaited = exists().where(
        col(StepRun.run_id) == WorkflowRun.parent_id,
        col(StepRun.path) == WorkflowRun.parent_path,
        col(StepRun.begun_version) == WorkflowRun.parent_version,
        col(StepRun.state) == StepState.RUNNING,
    )
    statement = (
        update(WorkflowRun)
        .where(col(WorkflowRun.parent_id) == job.run_id, col(WorkflowRun.state) == RunState.RUNNING)
        .where(col(WorkflowRun.is_cancelling).is_(False), ~is_awaited)
        .values(is_cancelling=True)
        .returning(col(WorkflowRun.id))
        .execution_options(synchronize_session=False)
    )
    async with services.transaction() as transaction:
        session = transaction.session
        ids = (await session.execute(statement)).scalars().all()
        for row in (await session.exec(select(WorkflowRun).where(col(WorkflowRun.id).in_(ids)))).all():
            message = f"The {named(row)} is being cancelled: the step {row.parent_path} no longer waits for it."
            record_event(transaction, WorkflowEvent.CANCELLED, message, run=row, actor=row.starter)
            continue_soon(transaction, row)
