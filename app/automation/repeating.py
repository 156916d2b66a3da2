"""Repeats parts of runs that have ended, as the same run or as a new one."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.codes import WorkflowCode, WorkflowEvent
from app.automation.continuing import continue_soon
from app.automation.events import named, record_event
from app.automation.services import WorkflowServices
from app.automation.starting import check_count, require_free
from app.automation.stored import run_form
from app.core.errors import Conflict, NotFound, invalid
from app.core.threads import in_thread
from app.identity.organizations import lock_organization
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.columns import now
from app.tables.runs import StepRun, WorkflowRun
from app.workflows.definition import Definition
from app.workflows.rewinding import UnknownStepError, rewound, rewound_to_failures
from app.workflows.run import Run, RunState, StepState
from app.workflows.stored_form import run_of

Rewind = Callable[[Definition, Run, datetime], Run]


class RerunMode(StrEnum):
    """Which run a repetition is."""

    NEW_RUN = "NEW_RUN"
    SAME_RUN = "SAME_RUN"


async def rerun_from(
    services: WorkflowServices, viewer: Viewer, run_id: int, path: str, mode: RerunMode
) -> WorkflowRun:
    """Repeats a run that has ended from a step on.

    Raises:
        UserError: there is no such run or step, the run is in progress, or the caller lacks the permission.
    """
    return await _repeat(
        services, viewer, run_id, mode, lambda definition, run, moment: rewound(definition, run, path, moment)
    )


async def retry_failed(services: WorkflowServices, viewer: Viewer, run_id: int, mode: RerunMode) -> WorkflowRun:
    """Repeats the steps of a run that have failed or were cancelled, and then runs what comes after them.

    Raises:
        UserError: there is no such run, it has no failed steps or is in progress, or the caller lacks the permission.
    """
    return await _repeat(services, viewer, run_id, mode, rewound_to_failures)


async def _repeat(
    services: WorkflowServices, viewer: Viewer, run_id: int, mode: RerunMode, rewind: Rewind
) -> WorkflowRun:
    async with services.transaction() as transaction:
        session = transaction.session
        row = await session.get(WorkflowRun, run_id)
        if row is None or not viewer.sees(row.organization_id):
            raise NotFound(WorkflowCode.RUN_NOT_FOUND, "There is no such run.", ("run",))
        viewer.require(row.organization_id, Permission.WORKFLOWS_START)
        await lock_organization(session, row.organization_id)
        row = await session.get(WorkflowRun, run_id, with_for_update={"key_share": True}, populate_existing=True)
        if row is None:
            raise NotFound(WorkflowCode.RUN_NOT_FOUND, "There is no such run.", ("run",))
        if row.state is RunState.RUNNING:
            raise Conflict(WorkflowCode.WORKFLOW_RUNNING, "The run is in progress.", ("run",))
        steps = await _steps(session, row.id)
        moment = now()
        try:
            found = await in_thread(_rewound, rewind, row, steps, moment)
        except UnknownStepError as error:
            raise invalid(WorkflowCode.STEP_NOT_REPEATABLE, str(error), "step") from None
        await require_free(session, row.organization_id, row.workflow_id, "run")
        await check_count(session, row.organization_id)
        if mode is RerunMode.SAME_RUN:
            repeated = row
            await _reopen(session, row, steps, found, moment)
        else:
            repeated = await _copy(session, row, steps, found)
        repeated.starter_id, repeated.starter = viewer.user_id, viewer.name
        repeated.ceiling = viewer.memberships[row.organization_id].ceiling
        session.add(repeated)
        await session.flush()
        message = f"Steps of the {named(repeated)} are repeated."
        record_event(transaction, WorkflowEvent.REPEATED, message, run=repeated, actor=viewer.name)
        continue_soon(transaction, repeated)
        return repeated


async def _steps(session: AsyncSession, run_id: int) -> dict[str, StepRun]:
    statement = select(StepRun).where(col(StepRun.run_id) == run_id).order_by(col(StepRun.id))
    return {step.path: step for step in (await session.exec(statement)).all()}


def _rewound(rewind: Rewind, row: WorkflowRun, steps: Mapping[str, StepRun], moment: datetime) -> Run:
    return rewind(Definition.of_json(json.loads(row.definition)), run_of(run_form(row, steps)), moment)


async def _reopen(
    session: AsyncSession, row: WorkflowRun, steps: Mapping[str, StepRun], found: Run, moment: datetime
) -> None:
    """The run continues with a new version and a new interpreter, so that nothing of the old ones counts any longer."""
    removed = [path for path in steps if path not in found.steps]
    await session.execute(delete(StepRun).where(col(StepRun.run_id) == row.id, col(StepRun.path).in_(removed)))
    for path, step in found.steps.items():
        if step.state is StepState.RUNNING:
            session.add(_opened(steps[path], step.due))
    row.state, row.is_cancelling, row.reason = RunState.RUNNING, False, None
    row.outputs = row.error = row.ended_at = None
    row.version += 1
    row.epoch += 1
    row.next_at = moment


async def _copy(session: AsyncSession, row: WorkflowRun, steps: Mapping[str, StepRun], found: Run) -> WorkflowRun:
    """A new run with the steps that are not repeated."""
    copied = WorkflowRun(
        **row.model_dump(include={"organization_id", "definition_id", "workflow", "revision", "definition"}),
        **row.model_dump(include={"workflow_id", "parameters", "starter"}),
        forked_from_id=row.id,
    )
    session.add(copied)
    await session.flush()
    for path, step in found.steps.items():
        own = StepRun(**steps[path].model_dump(exclude={"id", "run_id", "begun_version"}), run_id=copied.id)
        session.add(_opened(own, step.due) if step.state is StepState.RUNNING else own)
    return copied


def _opened(row: StepRun, due: datetime | None) -> StepRun:
    """A group that runs again."""
    row.state, row.due = StepState.RUNNING, due
    row.ended_at = row.outcome = row.outputs = row.error = None
    return row
