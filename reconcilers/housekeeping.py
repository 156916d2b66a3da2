"""Periodic tasks: chart indexes are read again, and old or unused data is removed.

Each task repeats on its own, and each repository is read on its own: one that is slow, hostile or broken delays no
other.
"""

import asyncio
from collections import Counter
from datetime import timedelta

import structlog
from sqlalchemy import delete, func, or_
from sqlmodel import col, select

from app.charts.offers import refresh_repository
from app.charts.storage import collect_archives, measure_storage
from app.clusters.expiring import read_expiry, tell_of_expiring
from app.core.limiter import Limiter, share
from app.core.repeating import repeatedly
from app.core.tenancy import acting_for
from app.core.threads import in_thread
from app.deployments.idempotency import KEPT_DAYS
from app.deployments.inputs import renew_inputs
from app.deployments.planning import remove_old_plans
from app.events.retention import remove_old_events
from app.fleet.services import AllServices
from app.tables.charts import ChartRepository, ChartRepositoryKind
from app.tables.columns import now
from app.tables.operations import IdempotencyKey
from app.tables.targets import Abandoned
from app.targets.sightings import forget_values
from reconcilers.metrics import ABANDONED, EXPIRING

log = structlog.get_logger()

_SECONDS = 60.0
_INDEXES_AT_ONCE = 8
"""Indexes that are read concurrently. Each takes a thread and up to a few hundred megabytes."""
_MOST_INDEXES = 200
"""Indexes of one organization that may be read or wait to be read."""


class Housekeeping:
    def __init__(self, services: AllServices) -> None:
        self._services = services
        self._has_read_expiry = False
        each = share(_INDEXES_AT_ONCE, services.settings.organization_share)
        self._indexes = Limiter("indexes", _INDEXES_AT_ONCE, each=each)
        self._reading: dict[int, tuple[int, asyncio.Task[None]]] = {}
        """By repository: its organization, and the task that reads the index or waits for a slot."""

    async def run(self) -> None:
        """Runs the tasks until it is cancelled."""
        try:
            await self._keep()
        finally:
            reading = [task for _, task in self._reading.values()]
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)

    async def _keep(self) -> None:
        async with asyncio.TaskGroup() as group:
            for task in (
                *(self.read_indexes, self.look_at_credentials, self.count_abandoned, self.sweep_runs),
                *(self.remove_keys, self.remove_plans, self.remove_events, self.remove_archives, self.forget_values),
                self.renew_inputs,
            ):
                group.create_task(repeatedly(f"housekeeping.{task.__name__}", task, _SECONDS))

    async def read_indexes(self) -> None:
        """Starts to read outdated indexes of HTTP repositories, without waiting: a slow repository delays no other.

        Each organization has a share. Its repositories are read in random order, so that many that fail do not keep
        its others from being read."""
        old = now() - timedelta(seconds=self._services.settings.chart_refresh_every)
        number = func.row_number().over(partition_by=col(ChartRepository.organization_id), order_by=func.random())
        due = (
            select(col(ChartRepository.id), number.label("number"))
            .where(col(ChartRepository.kind) == ChartRepositoryKind.HTTP)
            .where(or_(col(ChartRepository.refreshed_at).is_(None), col(ChartRepository.refreshed_at) < old))
            .subquery()
        )
        statement = select(ChartRepository).join(due, due.c.id == ChartRepository.id)
        found = await self._services.database.rows(statement.where(due.c.number <= _MOST_INDEXES))
        number_of = Counter(organization_id for organization_id, _ in self._reading.values())
        for (repository,) in found:
            owner = repository.organization_id
            if repository.id not in self._reading and number_of[owner] < _MOST_INDEXES:
                number_of[owner] += 1
                self._reading[repository.id] = owner, asyncio.create_task(self._read_index(repository))

    async def _read_index(self, repository: ChartRepository) -> None:
        try:
            with acting_for(repository.organization_id):
                async with self._indexes.slot(repository.organization_id):
                    await refresh_repository(self._services, repository)
        except Exception:
            log.exception("housekeeping.index_failed", repository=repository.id)
        finally:
            del self._reading[repository.id]

    async def remove_keys(self) -> None:
        async with self._services.transaction() as transaction:
            expired = col(IdempotencyKey.created_at) < now() - timedelta(days=KEPT_DAYS)
            await transaction.session.execute(delete(IdempotencyKey).where(expired))

    async def remove_plans(self) -> None:
        await remove_old_plans(self._services)

    async def remove_events(self) -> None:
        await remove_old_events(self._services)

    async def renew_inputs(self) -> None:
        await renew_inputs(self._services)

    async def forget_values(self) -> None:
        await forget_values(self._services)

    async def remove_archives(self) -> None:
        await collect_archives(self._services)
        await measure_storage(self._services)

    async def look_at_credentials(self) -> None:
        if not self._has_read_expiry:
            await read_expiry(self._services)
            self._has_read_expiry = True
        EXPIRING.set(await tell_of_expiring(self._services))

    async def count_abandoned(self) -> None:
        ((count,),) = await self._services.database.rows(select(func.count()).select_from(Abandoned))
        ABANDONED.set(count)

    async def sweep_runs(self) -> None:
        await in_thread(self._services.helm.sweep)
