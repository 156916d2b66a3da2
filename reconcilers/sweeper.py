"""Finds what was lost: work whose wake-up never came, chart indexes that are old, keys that have expired.

Nothing depends on the queue being right. Whatever is open in Postgres and not being worked on is woken again here.
"""

import asyncio
import time
from datetime import timedelta

from sqlalchemy import delete, or_
from sqlmodel import col, select

from app.charts.offers import refresh_repository
from app.charts.tables import ChartRepository, ChartRepositoryKind
from app.clusters.expiring import read_expiry, tell_of_expiring
from app.deployments.drift import correct_drift
from app.deployments.idempotency import KEPT_DAYS
from app.events.retention import remove_old_events
from app.operations.tables import IdempotencyKey
from app.repeating import repeatedly
from app.services import Services
from app.tables import now
from app.targets.reachability import keep_expiring
from app.targets.work import due_targets
from reconcilers.metrics import EXPIRING, WAITING

_MOST = 500  # targets woken by one sweep; the next one takes more
_HOUSEKEEPING_SECONDS = 60.0


class Sweeper:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._has_read_expiry = False

    async def run(self) -> None:
        """Sweeps until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(repeatedly("sweeper", self._wake_due, self._services.settings.sweep_every))
            group.create_task(repeatedly("sweeper", self._keep_house, _HOUSEKEEPING_SECONDS))
            group.create_task(repeatedly("sweeper", self._correct, self._services.settings.sweep_every))
            group.create_task(repeatedly("sweeper", self._look_at_credentials, _HOUSEKEEPING_SECONDS))
            group.create_task(keep_expiring(self._services))

    async def _wake_due(self) -> None:
        due = await due_targets(self._services, limit=_MOST)
        WAITING.set(len(due))
        # Sweeps of the same moment wake a target once, however many workers there are.
        moment = int(time.time() / self._services.settings.sweep_every)
        await self._services.queue.wake(due, key=f"sweep:{moment}")

    async def _correct(self) -> None:
        await correct_drift(self._services)

    async def _look_at_credentials(self) -> None:
        if not self._has_read_expiry:
            await read_expiry(self._services)
            self._has_read_expiry = True
        EXPIRING.set(await tell_of_expiring(self._services))

    async def _keep_house(self) -> None:
        settings = self._services.settings
        old = now() - timedelta(seconds=settings.chart_refresh_every)
        statement = select(ChartRepository).where(
            col(ChartRepository.kind) == ChartRepositoryKind.HTTP,
            or_(col(ChartRepository.refreshed_at).is_(None), col(ChartRepository.refreshed_at) < old),
        )
        for (repository,) in await self._services.database.rows(statement):
            await refresh_repository(self._services, repository)
        async with self._services.transaction() as transaction:
            expired = col(IdempotencyKey.created_at) < now() - timedelta(days=KEPT_DAYS)
            await transaction.session.execute(delete(IdempotencyKey).where(expired))
        await remove_old_events(self._services)
        await asyncio.to_thread(self._services.helm.sweep)
