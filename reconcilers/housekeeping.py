"""Periodic tasks: jobs are enqueued that read chart indexes again, and old or unused data is removed.

Each task repeats on its own: one that is slow or fails delays no other.
"""

import asyncio
from datetime import timedelta

from sqlalchemy import delete, func, or_
from sqlmodel import col, select

from app.automation.metrics import count_runs
from app.automation.retention import remove_old_runs
from app.charts.refreshing import ReadIndex
from app.charts.sources import INDEXED
from app.charts.storage import collect_archives, measure_storage
from app.clusters.expiring import read_expiry, record_expiring
from app.core.repeating import repeatedly
from app.core.threads import in_thread
from app.delivery.metrics import count_rollouts
from app.deployments.idempotency import KEPT_DAYS
from app.deployments.inputs import renew_inputs
from app.deployments.planning import remove_old_plans
from app.deployments.waiting import review_all
from app.events.retention import remove_old_events
from app.fleet.services import AllServices
from app.jobs.leases import count_failed_jobs, remove_old_jobs
from app.plans.queries import remove_expired_plans
from app.schedules.metrics import count_schedules
from app.schedules.starting import look_for_overdue
from app.tables.charts import ChartRepository
from app.tables.columns import now
from app.tables.operations import IdempotencyKey
from app.tables.targets import Abandoned
from app.targets.sightings import forget_values
from reconcilers.metrics import ABANDONED, EXPIRING, FAILED_JOBS

_SECONDS = 60.0
_MOST_INDEXES = 200
"""The maximum number of outdated indexes of one organization that are requested in one round."""


class Housekeeping:
    def __init__(self, services: AllServices) -> None:
        self._services = services
        self._has_read_expiry = False

    async def run(self) -> None:
        """Runs the tasks until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for task in (
                *(self.read_indexes, self.look_at_credentials, self.count_abandoned, self.sweep_runs),
                *(self.remove_keys, self.remove_plans, self.remove_events, self.remove_archives, self.remove_jobs),
                *(self.forget_values, self.renew_inputs, self.review_waits, self.count_rollouts),
                *(self.count_runs, self.remove_runs, self.look_at_schedules),
            ):
                group.create_task(repeatedly(f"housekeeping.{task.__name__}", task, _SECONDS))

    async def read_indexes(self) -> None:
        """Asks for jobs that read the outdated indexes of repositories. An organization's are chosen at random, so
        that many that fail do not keep its others from being read."""
        old = now() - timedelta(seconds=self._services.settings.chart_refresh_every)
        number = func.row_number().over(partition_by=col(ChartRepository.organization_id), order_by=func.random())
        due = (
            select(col(ChartRepository.id), col(ChartRepository.organization_id), number.label("number"))
            .where(col(ChartRepository.kind).in_(INDEXED))
            .where(or_(col(ChartRepository.refreshed_at).is_(None), col(ChartRepository.refreshed_at) < old))
            .subquery()
        )
        statement = select(due.c.id, due.c.organization_id).where(due.c.number <= _MOST_INDEXES)
        found = await self._services.database.rows(statement)
        if found:
            async with self._services.transaction() as transaction:
                for repository_id, owner in found:
                    job = ReadIndex(repository_id=repository_id)
                    transaction.enqueue(job, organization_id=owner, unless_open=True)

    async def remove_jobs(self) -> None:
        await remove_old_jobs(self._services)
        FAILED_JOBS.set(await count_failed_jobs(self._services))

    async def remove_keys(self) -> None:
        async with self._services.transaction() as transaction:
            expired = col(IdempotencyKey.created_at) < now() - timedelta(days=KEPT_DAYS)
            await transaction.session.execute(delete(IdempotencyKey).where(expired))

    async def remove_plans(self) -> None:
        await remove_old_plans(self._services)
        await remove_expired_plans(self._services)

    async def remove_events(self) -> None:
        await remove_old_events(self._services)

    async def renew_inputs(self) -> None:
        await renew_inputs(self._services)

    async def review_waits(self) -> None:
        await review_all(self._services)

    async def forget_values(self) -> None:
        await forget_values(self._services)

    async def remove_archives(self) -> None:
        await collect_archives(self._services)
        await measure_storage(self._services)

    async def look_at_credentials(self) -> None:
        if not self._has_read_expiry:
            await read_expiry(self._services)
            self._has_read_expiry = True
        EXPIRING.set(await record_expiring(self._services))

    async def count_abandoned(self) -> None:
        ((count,),) = await self._services.database.rows(select(func.count()).select_from(Abandoned))
        ABANDONED.set(count)

    async def count_rollouts(self) -> None:
        await count_rollouts(self._services)

    async def count_runs(self) -> None:
        await count_runs(self._services)

    async def remove_runs(self) -> None:
        await remove_old_runs(self._services)

    async def look_at_schedules(self) -> None:
        await look_for_overdue(self._services)
        await count_schedules(self._services)

    async def sweep_runs(self) -> None:
        await in_thread(self._services.helm.sweep)
