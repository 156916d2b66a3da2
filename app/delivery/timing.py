"""Wakes a rollout when time alone changes something in it."""

from datetime import datetime, timedelta

from app.core.jobs import Job
from app.core.services import Services
from app.core.transaction import Transaction
from app.tables.columns import now
from app.tables.rollouts import Rollout
from app.targets.rollouts import wake_rollouts


class WakeRollout(Job):
    """Asks for a step of a rollout at a time that an earlier step has computed. The time is part of the key: a step
    that runs while an alarm goes off can set the next one."""

    job_name = "rollouts.wake"
    rollout_id: int
    at: datetime


def wake_at(transaction: Transaction, row: Rollout, at: datetime) -> None:
    job = WakeRollout(rollout_id=row.id, at=at)
    transaction.enqueue(job, organization_id=row.organization_id, after=max(at - now(), timedelta()))


async def wake_rollout(services: Services, job: WakeRollout) -> None:
    async with services.transaction() as transaction:
        row = await transaction.session.get(Rollout, job.rollout_id)
        if row is not None and row.next_at is not None and row.next_at <= job.at:
            await wake_rollouts(transaction, [row.id])
