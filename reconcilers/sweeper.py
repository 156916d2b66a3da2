"""Finds due work whose wake-up was lost.

Correctness does not depend on the queue: any result or job that is open in Postgres and has no worker is found here.
"""

import asyncio
from collections.abc import Callable, Collection

from sqlmodel import col, select

from app.core.limiter import Limiter
from app.core.repeating import repeatedly
from app.deployments.drift import correct_drift
from app.deployments.object_drift import start_corrections
from app.fleet.services import AllServices
from app.jobs.leases import due_job_counts
from app.operations.due import due_counts
from app.tables.identity import Organization
from app.targets.reachability import keep_expiring
from reconcilers.housekeeping import Housekeeping
from reconcilers.jobs import NAMES
from reconcilers.metrics import WAITING, WAITING_JOBS

_TWO_ORGANIZATIONS = select(col(Organization.id)).limit(2)


class Sweeper:
    """Calls `note` with the id of each organization that has due targets, and `start_jobs` with that of each that has
    due jobs. Sets whether `limiters` are shared."""

    def __init__(
        self,
        services: AllServices,
        note: Callable[[int], None],
        start_jobs: Callable[[int | None], None],
        limiters: Collection[Limiter],
    ) -> None:
        self._services = services
        self._note = note
        self._start_jobs = start_jobs
        self._limiters = limiters

    async def run(self) -> None:
        """Sweeps until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(repeatedly("sweeper", self.find_due, self._services.settings.sweep_every))
            group.create_task(Housekeeping(self._services).run())
            group.create_task(repeatedly("sweeper", self._correct, self._services.settings.sweep_every))
            group.create_task(keep_expiring(self._services))

    async def find_due(self) -> None:
        """Finds organizations with due work, once."""
        organizations = await self._services.database.rows(_TWO_ORGANIZATIONS)
        for limiter in self._limiters:
            limiter.is_shared = len(organizations) > 1
        due = await due_counts(self._services)
        WAITING.set(sum(due.values()))
        for organization_id in due:
            self._note(organization_id)
        jobs = await due_job_counts(self._services, NAMES)
        WAITING_JOBS.set(sum(jobs.values()))
        for owner in jobs:
            self._start_jobs(owner)

    async def _correct(self) -> None:
        await correct_drift(self._services)
        await start_corrections(self._services)
