"""Starts runs when the times of schedules come.

What comes of a time is written in the transaction that starts the run and moves the schedule to its next time, so each
time counts once, whichever worker dies. A job brings the next time; a job that was lost is found by `look_for_overdue`.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, or_
from sqlmodel import col, select

from app.automation.services import WorkflowServices
from app.automation.starting import Start, begin_run, checked_start, open_run
from app.core.errors import Conflict, UserError
from app.core.services import Services
from app.core.threads import in_thread
from app.core.transaction import Transaction
from app.identity.credentials import viewer_by_id
from app.identity.organizations import lock_organization
from app.jobs.workflows import StartScheduled
from app.schedules.codes import ScheduleEvent
from app.schedules.metrics import TIMES
from app.schedules.saving import start_at
from app.tables.columns import now
from app.tables.events import Outcome as EventOutcome
from app.tables.runs import WorkflowRun
from app.tables.schedules import Overlap, TimeOutcome, WorkflowSchedule
from app.tables.workflows import WorkflowDefinition
from app.workflows.run import RunState
from app.workflows.schedules import Due, due

_OVERDUE = timedelta(minutes=1)
_MOST = 1_000
_LONGEST_MESSAGE = 1_000


async def start_scheduled(services: WorkflowServices, job: StartScheduled) -> None:
    """Does what a schedule owes now."""
    await start_due(services, job.schedule_id, now())


async def start_due(services: WorkflowServices, schedule_id: int, moment: datetime) -> TimeOutcome | None:
    """Does what a schedule owes at a moment. Returns what came of its latest time, None if it owes nothing."""
    async with services.database.reading() as session:
        seen = await session.get(WorkflowSchedule, schedule_id)
        if seen is None or not _owes(seen, moment):
            return None
        definition = await session.get_one(WorkflowDefinition, seen.definition_id)
    owed = Due(None, None, seen.next_at)
    if seen.next_at is not None:
        length = timedelta(seconds=seen.catch_up_seconds)
        owed = await in_thread(due, seen.cron, seen.time_zone, seen.next_at, moment, length)
    start = await _start(services, seen, definition.name)
    async with services.transaction() as transaction:
        session = transaction.session
        await lock_organization(session, seen.organization_id)
        row = await session.get(WorkflowSchedule, schedule_id, with_for_update={"key_share": True})
        if row is None or (row.version, row.next_at) != (seen.version, seen.next_at):
            return None  # the change has enqueued a job of its own
        row.next_at = owed.next_at
        outcome = await _settle(transaction, row, owed, start)
        session.add(row)
        start_at(transaction, row, row.next_at)
    if outcome is not None:
        TIMES.labels(outcome).inc()
    return outcome


async def look_for_overdue(services: Services) -> None:
    """Asks again for the starts of schedules whose job was lost or has failed."""
    is_open = exists().where(
        col(WorkflowRun.organization_id) == col(WorkflowSchedule.organization_id),
        col(WorkflowRun.workflow_id) == col(WorkflowSchedule.workflow_id),
        col(WorkflowRun.state) == RunState.RUNNING,
    )
    statement = (
        select(WorkflowSchedule)
        .where(
            or_(
                col(WorkflowSchedule.next_at) < now() - _OVERDUE,
                col(WorkflowSchedule.queued_at).is_not(None) & ~is_open,
            )
        )
        .limit(_MOST)
    )
    async with services.database.reading() as session:
        rows = (await session.exec(statement)).all()
    if not rows:
        return
    async with services.transaction() as transaction:
        for row in rows:
            job = StartScheduled(schedule_id=row.id, at=row.queued_at or row.next_at or now())
            transaction.enqueue(job, organization_id=row.organization_id, unless_open=True)


def _owes(row: WorkflowSchedule, moment: datetime) -> bool:
    return row.queued_at is not None or (row.next_at is not None and row.next_at <= moment)


async def _start(services: WorkflowServices, row: WorkflowSchedule, workflow: str) -> Start | str:
    """A checked start as the owner of the schedule, or why there is none."""
    viewer = None
    if row.owner_id is not None:
        viewer = await viewer_by_id(services.database, row.owner_id, row.organization_id, row.ceiling)
    if viewer is None:
        return f"{row.owner} is no longer a member of the organization. Save the schedule again as another user."
    try:
        return await checked_start(services, viewer, None, workflow, row.parameters)
    except UserError as error:
        return str(error)


async def _settle(transaction: Transaction, row: WorkflowSchedule, owed: Due, start: Start | str) -> TimeOutcome | None:
    """Starts a run, or writes why none starts."""
    if owed.missed is not None:
        _note(transaction, row, owed.missed, TimeOutcome.MISSED, "The time was found after the catch-up window.")
    at = owed.at or row.queued_at
    if at is None:
        return row.last_outcome if owed.missed is not None else None
    present = await open_run(transaction.session, row.organization_id, row.workflow_id)
    if present is not None:
        if owed.at is None:
            return None  # another run took the place of the one that has ended
        if row.overlap is Overlap.QUEUE_ONE:
            row.queued_at = at
            return _note(transaction, row, at, TimeOutcome.QUEUED, "It starts when the present run has ended.")
        return _note(transaction, row, at, TimeOutcome.SKIPPED, "A run with the workflow id was in progress.")
    row.queued_at = None
    if isinstance(start, str):
        return _note(transaction, row, at, TimeOutcome.REFUSED, start)
    try:
        await begin_run(transaction, start, row.workflow_id, schedule_id=row.id, scheduled_at=at)
    except Conflict as error:
        return _note(transaction, row, at, TimeOutcome.REFUSED, str(error))
    return _note(transaction, row, at, TimeOutcome.STARTED, None)


def _note(
    transaction: Transaction, row: WorkflowSchedule, at: datetime, outcome: TimeOutcome, message: str | None
) -> TimeOutcome:
    """Writes what came of a time. What no run shows is an event; a start that waits becomes one."""
    row.last_at, row.last_outcome = at, outcome
    row.last_message = message and message[:_LONGEST_MESSAGE]
    if outcome in (TimeOutcome.STARTED, TimeOutcome.QUEUED):
        return outcome
    is_refused = outcome is TimeOutcome.REFUSED
    transaction.record(
        ScheduleEvent.REFUSED if is_refused else ScheduleEvent.SKIPPED,
        f"The schedule {row.name} has started no run for {at:%Y-%m-%d %H:%M:%S} UTC. {row.last_message}",
        organization_id=row.organization_id,
        actor=row.owner,
        subject=row,
        outcome=EventOutcome.FAILED if is_refused else EventOutcome.SUCCEEDED,
        schedule=row.name,
        why=outcome,
    )
    return outcome
