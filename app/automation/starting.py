"""Starts runs of workflows."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.advancing import end_steps
from app.automation.checked import check, refusal
from app.automation.codes import WorkflowCode, WorkflowEvent
from app.automation.composed import composed_types, expanded_with
from app.automation.continuing import continue_soon
from app.automation.ending import follow_end
from app.automation.events import named, record_event
from app.automation.metrics import ENDED_RUNS
from app.automation.services import WorkflowServices
from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.core.threads import in_thread
from app.core.transaction import Transaction
from app.definitions.reading import MAX_TEXT, read_definition
from app.identity.organizations import lock_organization
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.sandbox.pool import Outcome, RunError
from app.tables.columns import now
from app.tables.runs import WorkflowRun
from app.tables.workflows import WorkflowDefinition, WorkflowRevision
from app.workflows.run import RunState

MAX_OPEN_RUNS = 2_000
"""The maximum number of open runs of an organization."""
LONGEST_ID = 200


class OnConflict(StrEnum):
    """What happens if a run with the same workflow id is open."""

    REFUSE = "REFUSE"
    ATTACH = "ATTACH"
    CANCEL_OLD = "CANCEL_OLD"


@dataclass(frozen=True)
class Start:
    """A start of a workflow's revision with parameters that fit it."""

    viewer: Viewer
    organization_id: int
    definition: WorkflowDefinition
    revision: int
    document: str  # the definition in JSON
    parameters: Mapping[str, Any]


async def start_workflow(
    services: WorkflowServices,
    viewer: Viewer,
    organization: str | None,
    name: str,
    parameters: Any,
    *,
    workflow_id: str | None = None,
    on_conflict: OnConflict = OnConflict.REFUSE,
) -> WorkflowRun:
    """Starts a run of the current revision of a workflow. Without an id, the run gets one of its own. With ATTACH, the
    open run with the id is returned.

    Raises:
        UserError: the caller lacks the permission, there is no such workflow, the parameters do not fit its schema, or
            a run with the id is open.
    """
    start = await checked_start(services, viewer, organization, name, parameters, workflow_id=workflow_id)
    async with services.transaction() as transaction:
        session = transaction.session
        await lock_organization(session, start.organization_id)
        if workflow_id is not None:
            present = await open_run(session, start.organization_id, workflow_id)
            if present is not None and on_conflict is OnConflict.ATTACH:
                return present
            if present is not None and on_conflict is OnConflict.CANCEL_OLD:
                await end_run(transaction, viewer, present, "It was replaced by a new run.")
            elif present is not None:
                raise _running(present, workflow_id, "workflowId")
        return await begin_run(transaction, start, workflow_id)


async def checked_start(
    services: WorkflowServices,
    viewer: Viewer,
    organization: str | None,
    name: str,
    parameters: Any,
    *,
    workflow_id: str | None = None,
) -> Start:
    """Checks what can be checked before the transaction.

    Raises:
        UserError: the caller lacks the permission, there is no such workflow, or the parameters do not fit its schema.
    """
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Permission.WORKFLOWS_START)
    _check_input(parameters, workflow_id)
    definition, revision = await _definition(services, organization_id, name)
    document = await _document(services, organization_id, definition, revision)
    await _check_parameters(services, organization_id, document, parameters)
    return Start(viewer, organization_id, definition, revision.number, document, parameters)


async def begin_run(
    transaction: Transaction,
    start: Start,
    workflow_id: str | None,
    *,
    schedule_id: int | None = None,
    scheduled_at: datetime | None = None,
) -> WorkflowRun:
    """Writes a run. The organization is locked, and no run with the id is open. Without an id, one is generated.

    Raises:
        Conflict: the organization has too many open runs.
    """
    viewer, definition = start.viewer, start.definition
    await check_count(transaction.session, start.organization_id)
    row = WorkflowRun(
        organization_id=start.organization_id,
        definition_id=definition.id,
        workflow=definition.name,
        revision=start.revision,
        definition=start.document,
        workflow_id=workflow_id or f"{definition.name}-{secrets.token_hex(6)}",
        parameters=dict(start.parameters),
        schedule_id=schedule_id,
        scheduled_at=scheduled_at,
        starter_id=viewer.user_id,
        starter=viewer.name,
        ceiling=viewer.memberships[start.organization_id].ceiling,
    )
    transaction.session.add(row)
    await transaction.session.flush()
    message = f"A run of the workflow {row.workflow} was started with the id {row.workflow_id}."
    record_event(transaction, WorkflowEvent.STARTED, message, run=row, actor=viewer.name, revision=row.revision)
    continue_soon(transaction, row)
    return row


async def end_run(transaction: Transaction, viewer: Viewer, row: WorkflowRun, reason: str) -> None:
    """Ends an open run at once, without further steps. The row is locked."""
    moment = now()
    row.state, row.reason, row.ended_at, row.next_at = RunState.CANCELLED, reason, moment, None
    row.version += 1
    transaction.session.add(row)
    await transaction.session.flush()
    await end_steps(transaction.session, row.id, moment)
    await follow_end(transaction, row, RunState.CANCELLED)
    message = f"The {named(row)} was terminated: {reason}"
    record_event(transaction, WorkflowEvent.TERMINATED, message, run=row, actor=viewer.name)
    ENDED_RUNS.labels(RunState.CANCELLED).inc()
    continue_soon(transaction, row)


def _check_input(parameters: Any, workflow_id: str | None) -> None:
    problems = []
    if not isinstance(parameters, Mapping):
        problems.append(Problem(("parameters",), "The parameters must be an object."))
    elif len(json.dumps(parameters)) > MAX_TEXT:
        problems.append(Problem(("parameters",), f"The parameters have at most {MAX_TEXT // 1024} KiB."))
    if workflow_id is not None and not 0 < len(workflow_id.strip()) <= LONGEST_ID:
        problems.append(Problem(("workflowId",), f"An id has 1 to {LONGEST_ID} characters."))
    if problems:
        raise all_invalid(problems)


async def _definition(
    services: WorkflowServices, organization_id: int, name: str
) -> tuple[WorkflowDefinition, WorkflowRevision]:
    statement = (
        select(WorkflowDefinition, WorkflowRevision)
        .join(WorkflowRevision, col(WorkflowRevision.definition_id) == WorkflowDefinition.id)
        .where(col(WorkflowDefinition.organization_id) == organization_id, col(WorkflowDefinition.name) == name)
        .where(col(WorkflowRevision.number) == WorkflowDefinition.revision)
    )
    async with services.database.reading() as session:
        found = (await session.exec(statement)).first()
    if found is None:
        raise NotFound(WorkflowCode.WORKFLOW_NOT_FOUND, f"There is no workflow {name!r}.", ("workflow",))
    return found


async def _document(
    services: WorkflowServices, organization_id: int, definition: WorkflowDefinition, revision: WorkflowRevision
) -> str:
    """The definition in JSON, with the steps of its step definitions. These may have changed since it was checked."""
    document = await in_thread(read_definition, revision.text)
    if definition.step_types:
        composed = await composed_types(services, organization_id, document)
        await check(services, organization_id, document, composed)
        document = await expanded_with(document, composed)
    return await in_thread(json.dumps, document)


async def _check_parameters(
    services: WorkflowServices, organization_id: int, document: str, parameters: Mapping[str, Any]
) -> None:
    request = await in_thread(json.dumps, {"definition": document, "given": parameters})
    try:
        answer = await services.workflow_steps.run(organization_id, request.encode())
    except RunError as error:
        if error.outcome is Outcome.CRASHED:
            raise
        raise refusal(error.outcome, services.workflow_steps, "parameters") from None
    if found := json.loads(answer):
        raise all_invalid([Problem(("parameters", *path), message) for path, message in found])


async def open_run(session: AsyncSession, organization_id: int, workflow_id: str) -> WorkflowRun | None:
    """The run in progress with an id, locked."""
    statement = (
        select(WorkflowRun)
        .where(col(WorkflowRun.organization_id) == organization_id, col(WorkflowRun.workflow_id) == workflow_id)
        .where(col(WorkflowRun.state) == RunState.RUNNING)
        .with_for_update(key_share=True)
    )
    return (await session.exec(statement)).first()


async def require_free(session: AsyncSession, organization_id: int, workflow_id: str, at: str) -> None:
    """Raises Conflict if a run with the id is in progress. `at` is the field of the input."""
    if (present := await open_run(session, organization_id, workflow_id)) is not None:
        raise _running(present, workflow_id, at)


def _running(present: WorkflowRun, workflow_id: str, at: str) -> Conflict:
    message = f"A run of {present.workflow} with the id {workflow_id} is in progress."
    return Conflict(WorkflowCode.WORKFLOW_RUNNING, message, (at,))


async def check_count(session: AsyncSession, organization_id: int) -> None:
    """Raises Conflict if the organization can have no other run in progress."""
    statement = (
        select(col(WorkflowRun.id))
        .where(col(WorkflowRun.organization_id) == organization_id, col(WorkflowRun.state) == RunState.RUNNING)
        .limit(MAX_OPEN_RUNS)
    )
    if len((await session.exec(statement)).all()) >= MAX_OPEN_RUNS:
        message = f"An organization has at most {MAX_OPEN_RUNS:,} runs in progress."
        raise Conflict(WorkflowCode.TOO_MANY_RUNS, message)
