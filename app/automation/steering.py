"""What users do with runs: signals, approvals and ends."""

import json
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.codes import WorkflowCode, WorkflowEvent
from app.automation.continuing import continue_soon
from app.automation.events import named, record_event
from app.automation.services import WorkflowServices
from app.automation.starting import end_run
from app.core.errors import Conflict, Forbidden, NotFound, Problem, all_invalid
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.runs import RunSignal, StepRun, WorkflowRun
from app.tables.states import PlanVerdict
from app.workflows.run import Code, RunState, StepState, WaitKind

MAX_SIGNALS = 1_000
"""The signals of a run for which no step waits yet."""
MAX_PAYLOAD = 64 * 1024
"""Characters of a payload as JSON."""
LONGEST_TEXT = 1_000
LONGEST_NAME = 200


async def signal_workflow(
    services: WorkflowServices, viewer: Viewer, run_id: int, name: str, payload: Any
) -> WorkflowRun:
    """Sends a signal to a run. The step that has waited for it longest takes it; if none waits, the next one does.

    Raises:
        UserError: there is no such run in progress, or the caller lacks the permission.
    """
    problems = []
    if not 0 < len(name) <= LONGEST_NAME:
        problems.append(Problem(("signal",), f"The name of a signal has 1 to {LONGEST_NAME} characters."))
    if len(json.dumps(payload)) > MAX_PAYLOAD:
        problems.append(Problem(("payload",), f"A payload has at most {MAX_PAYLOAD // 1024} KiB."))
    if problems:
        raise all_invalid(problems)
    async with services.transaction() as transaction:
        session = transaction.session
        row = await _locked(session, viewer, run_id, Permission.WORKFLOWS_SIGNAL)
        statement = (
            select(StepRun)
            .where(col(StepRun.run_id) == row.id, col(StepRun.state) == StepState.RUNNING)
            .where(col(StepRun.wait) == WaitKind.SIGNAL, col(StepRun.wait_signal) == name)
            .where(col(StepRun.outcome).is_(None))
            .order_by(col(StepRun.started_at), col(StepRun.id))
            .limit(1)
            .with_for_update(key_share=True)
        )
        step = (await session.exec(statement)).first()
        if step is None:
            await _check_signals(session, row.id)
            session.add(RunSignal(run_id=row.id, name=name, payload=payload, sender=viewer.name))
        else:
            step.outcome = {"outputs": {"payload": payload}, "error": None}
            session.add(step)
        message = f"The signal {name} was sent to the {named(row)}."
        record_event(transaction, WorkflowEvent.SIGNALLED, message, run=row, actor=viewer.name, signal=name)
        continue_soon(transaction, row)
        return row


async def decide_on_step(
    services: WorkflowServices, viewer: Viewer, run_id: int, path: str, verdict: PlanVerdict, comment: str | None
) -> WorkflowRun:
    """Approves or rejects a step that waits for it. The user who started a run cannot approve its steps.

    Raises:
        UserError: there is no such step that waits, or the caller may not decide.
    """
    if comment is not None and len(comment) > LONGEST_TEXT:
        raise all_invalid([Problem(("comment",), f"A comment has at most {LONGEST_TEXT:,} characters.")])
    async with services.transaction() as transaction:
        session = transaction.session
        row = await _locked(session, viewer, run_id, Permission.WORKFLOWS_APPROVE)
        if verdict is PlanVerdict.APPROVED and row.starter_id == viewer.user_id:
            message = "The user who started a run cannot approve its steps. Ask another user to."
            raise Forbidden(WorkflowCode.OWN_RUN, message)
        statement = (
            select(StepRun)
            .where(col(StepRun.run_id) == row.id, col(StepRun.path) == path)
            .with_for_update(key_share=True)
        )
        step = (await session.exec(statement)).first()
        if step is None or step.state is not StepState.RUNNING or step.wait is not WaitKind.APPROVAL or step.outcome:
            message = f"No step {path!r} of the run waits for an approval."
            raise Conflict(WorkflowCode.STEP_NOT_WAITING, message, ("step",))
        if verdict is PlanVerdict.APPROVED:
            step.outcome = {"outputs": {"user": viewer.name, "comment": comment}, "error": None}
        else:
            why = f"{viewer.name} rejected it" + (f": {comment}" if comment else ".")
            step.outcome = {"outputs": None, "error": {"code": Code.REJECTED, "message": why, "path": path}}
        session.add(step)
        did = "approved" if verdict is PlanVerdict.APPROVED else "rejected"
        message = f"The step {path} of the {named(row)} was {did}."
        kind = WorkflowEvent.APPROVED if verdict is PlanVerdict.APPROVED else WorkflowEvent.REJECTED
        record_event(transaction, kind, message, run=row, actor=viewer.name, step=path)
        continue_soon(transaction, row)
        return row


async def cancel_run(services: WorkflowServices, viewer: Viewer, run_id: int) -> WorkflowRun:
    """Asks a run to end: its next step stops what runs.

    Raises:
        UserError: there is no such run in progress, or the caller lacks the permission.
    """
    async with services.transaction() as transaction:
        row = await _locked(transaction.session, viewer, run_id, Permission.WORKFLOWS_START)
        if not row.is_cancelling:
            row.is_cancelling = True
            transaction.session.add(row)
            message = f"The {named(row)} is being cancelled."
            record_event(transaction, WorkflowEvent.CANCELLED, message, run=row, actor=viewer.name)
        continue_soon(transaction, row)
        return row


async def terminate_run(services: WorkflowServices, viewer: Viewer, run_id: int, reason: str) -> WorkflowRun:
    """Ends a run at once, even if no worker is there.

    Raises:
        UserError: there is no such run in progress, the reason is missing, or the caller lacks the permission.
    """
    if not 0 < len(reason.strip()) <= LONGEST_TEXT:
        raise all_invalid([Problem(("reason",), f"A reason has 1 to {LONGEST_TEXT:,} characters.")])
    async with services.transaction() as transaction:
        row = await _locked(transaction.session, viewer, run_id, Permission.WORKFLOWS_START)
        await end_run(transaction, viewer, row, reason)
        return row


async def _locked(session: AsyncSession, viewer: Viewer, run_id: int, permission: Permission) -> WorkflowRun:
    """A run in progress, locked."""
    row = await session.get(WorkflowRun, run_id, with_for_update={"key_share": True})
    if row is None or not viewer.sees(row.organization_id):
        raise NotFound(WorkflowCode.RUN_NOT_FOUND, "There is no such run.", ("run",))
    viewer.require(row.organization_id, permission)
    if row.state is not RunState.RUNNING:
        raise Conflict(WorkflowCode.RUN_ENDED, f"The run has ended: it is {row.state}.", ("run",))
    return row


async def _check_signals(session: AsyncSession, run_id: int) -> None:
    statement = select(func.count()).where(col(RunSignal.run_id) == run_id)
    if (await session.exec(statement)).one() >= MAX_SIGNALS:
        message = f"At most {MAX_SIGNALS:,} signals wait for steps of a run."
        raise Conflict(WorkflowCode.TOO_MANY_SIGNALS, message, ("run",))
