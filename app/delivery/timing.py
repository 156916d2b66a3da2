"""Wakes a rollout when time alone changes something in it."""

from datetime import datetime, timedelta

from app.core.jobs import Job
from app.core.services import Services
from app.core.transaction import Transaction
from app.jobs.rollouts import wake_rollouts
from app.operations.windows import LOOK_AGAIN
from app.rollouts.progress import Advance
from app.rollouts.states import GateKind
from app.tables.columns import now
from app.tables.rollouts import Rollout


class WakeRollout(Job):
    """Advances a rollout at a time that an earlier advance has computed. The time is part of the key: an advance
    that runs while an alarm goes off can set the next one."""

    job_name = "rollouts.wake"
    rollout_id: int
    at: datetime


def next_look(advanced: Advance, moment: datetime) -> datetime | None:
    """When the next advance is due if nothing happens before. Targets that wait for a window may match other windows
    without an event, because their cluster's labels or its group change."""
    if not any(gate.kind is GateKind.WINDOW for gate in advanced.waiting_for):
        return advanced.next_at
    soon = moment + LOOK_AGAIN
    return min(advanced.next_at or soon, soon)


def wake_at(transaction: Transaction, row: Rollout, at: datetime) -> None:
    job = WakeRollout(rollout_id=row.id, at=at)
    transaction.enqueue(job, organization_id=row.organization_id, after=max(at - now(), timedelta()))


async def wake_rollout(services: Services, job: WakeRollout) -> None:
    async with services.transaction() as transaction:
        row = await transaction.session.get(Rollout, job.rollout_id)
        if row is not None and row.next_at is not None and row.next_at <= job.at:
            await wake_rollouts(transaction, [row.id])
