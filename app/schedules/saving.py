"""Saves, pauses and deletes schedules."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.services import WorkflowServices
from app.automation.starting import checked_start
from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.core.services import Services
from app.core.transaction import Transaction
from app.identity.organizations import lock_organization
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.jobs.workflows import StartScheduled
from app.schedules.codes import ScheduleCode, ScheduleEvent
from app.schedules.given import GivenSchedule, columns_of
from app.tables.columns import now
from app.tables.schedules import WorkflowSchedule
from app.workflows.schedules import next_time

MAX_SCHEDULES = 500
"""The maximum number of schedules of an organization."""


async def save_schedule(
    services: WorkflowServices,
    viewer: Viewer,
    organization: str | None,
    given: GivenSchedule,
    version: int | None = None,
) -> WorkflowSchedule:
    """Creates the schedule of this name, or replaces all its fields. The caller becomes its owner: its runs have the
    caller's permissions. `version` is the version that it must have, 0 for a new one.

    Raises:
        UserError: the caller lacks the permission, there is no such workflow, a field is not valid, or the schedule
            has another version.
    """
    columns = columns_of(given)
    start = await checked_start(services, viewer, organization, given.workflow, given.parameters)
    columns |= {"definition_id": start.definition.id, "parameters": dict(start.parameters)}
    columns |= {"owner_id": viewer.user_id, "ceiling": viewer.memberships[start.organization_id].ceiling}
    async with services.transaction() as transaction:
        session = transaction.session
        await lock_organization(session, start.organization_id)
        statement = (
            select(WorkflowSchedule)
            .where(col(WorkflowSchedule.organization_id) == start.organization_id)
            .where(col(WorkflowSchedule.name) == given.name)
            .with_for_update(key_share=True)
        )
        row = (await session.exec(statement)).first()
        present = 0 if row is None else row.version
        if version is not None and version != present:
            message = f"The schedule is at version {present}, and not at {version}. Read it again, then change it."
            raise Conflict(ScheduleCode.SCHEDULE_CHANGED, message, ("version",))
        if row is None:
            await _check_count(session, start.organization_id)
            row = WorkflowSchedule(organization_id=start.organization_id, owner=viewer.name, **columns)
            row.next_at = _first(row)
        else:
            changed = {name for name, value in columns.items() if getattr(row, name) != value}
            if not changed:
                return row
            for name in changed:
                setattr(row, name, columns[name])
            row.owner = viewer.name
            if changed & {"cron", "time_zone", "is_paused"}:
                row.next_at = _first(row)
            if changed & {"workflow_id", "is_paused"}:
                row.queued_at = None
            row.version += 1
            row.updated_at = now()
        session.add(row)
        await session.flush()
        start_at(transaction, row, row.next_at)
        _record(transaction, viewer, row, ScheduleEvent.SAVED, "saved", cron=row.cron, timeZone=row.time_zone)
        return row


async def pause_schedule(services: Services, viewer: Viewer, schedule_id: int) -> WorkflowSchedule:
    """Starts no runs until the schedule is resumed. A start that waits for the end of a run is dropped.

    Raises:
        UserError: there is no such schedule, or the caller lacks the permission.
    """
    async with services.transaction() as transaction:
        row = await _locked(transaction.session, viewer, schedule_id)
        if not row.is_paused:
            row.is_paused, row.next_at, row.queued_at = True, None, None
            _change(transaction, viewer, row, ScheduleEvent.PAUSED, "paused")
        return row


async def resume_schedule(services: Services, viewer: Viewer, schedule_id: int) -> WorkflowSchedule:
    """Starts runs from the next time on. The times that have passed in the meantime are not made up for.

    Raises:
        UserError: there is no such schedule, or the caller lacks the permission.
    """
    async with services.transaction() as transaction:
        row = await _locked(transaction.session, viewer, schedule_id)
        if row.is_paused:
            row.is_paused = False
            row.next_at = _first(row)
            start_at(transaction, row, row.next_at)
            _change(transaction, viewer, row, ScheduleEvent.RESUMED, "resumed")
        return row


async def delete_schedule(services: Services, viewer: Viewer, schedule_id: int) -> None:
    """Deletes a schedule. A run that it has started continues.

    Raises:
        UserError: there is no such schedule, or the caller lacks the permission.
    """
    async with services.transaction() as transaction:
        row = await _locked(transaction.session, viewer, schedule_id)
        _record(transaction, viewer, row, ScheduleEvent.DELETED, "deleted")
        await transaction.session.delete(row)


def start_at(transaction: Transaction, row: WorkflowSchedule, at: datetime | None) -> None:
    """Has the schedule looked at when a time comes."""
    if at is not None:
        job = StartScheduled(schedule_id=row.id, at=at)
        transaction.enqueue(job, organization_id=row.organization_id, after=max(at - now(), timedelta()))


def _first(row: WorkflowSchedule) -> datetime | None:
    return None if row.is_paused else next_time(row.cron, row.time_zone, now())


async def _locked(session: AsyncSession, viewer: Viewer, schedule_id: int) -> WorkflowSchedule:
    row = await session.get(WorkflowSchedule, schedule_id, with_for_update={"key_share": True})
    if row is None or not viewer.sees(row.organization_id):
        raise NotFound(ScheduleCode.SCHEDULE_NOT_FOUND, "There is no such schedule.", ("id",))
    viewer.require(row.organization_id, Permission.WORKFLOWS_START)
    return row


async def _check_count(session: AsyncSession, organization_id: int) -> None:
    statement = select(func.count()).where(col(WorkflowSchedule.organization_id) == organization_id)
    if (await session.exec(statement)).one() >= MAX_SCHEDULES:
        raise all_invalid([Problem(("name",), f"An organization has at most {MAX_SCHEDULES} schedules.")])


def _change(transaction: Transaction, viewer: Viewer, row: WorkflowSchedule, kind: ScheduleEvent, done: str) -> None:
    row.version += 1
    row.updated_at = now()
    transaction.session.add(row)
    _record(transaction, viewer, row, kind, done)


def _record(
    transaction: Transaction, viewer: Viewer, row: WorkflowSchedule, kind: ScheduleEvent, done: str, **data: Any
) -> None:
    transaction.record(
        kind,
        f"The schedule {row.name} was {done}.",
        organization_id=row.organization_id,
        actor=viewer.name,
        subject=row,
        schedule=row.name,
        **data,
    )
