"""Runs jobs: all of them are started here."""

from collections.abc import Mapping
from functools import partial

from app.core.limiter import Limiter, share
from app.fleet.services import AllServices
from app.jobs.leases import due_jobs
from reconcilers.dispatcher import Dispatcher
from reconcilers.jobs.kinds import KINDS, JobPool
from reconcilers.jobs.runner import Runner

SLOTS: Mapping[JobPool, int] = {JobPool.JOBS: 8, JobPool.MEASUREMENTS: 16, JobPool.WORKFLOWS: 8}
"""Jobs of each pool that one worker does at once. Reading an index takes a thread and up to a few hundred megabytes; a
measurement waits for websites and clusters."""

NAMES = tuple(KINDS)
"""A worker leaves jobs that it does not know to those of a newer version."""


def job_dispatchers(services: AllServices) -> dict[JobPool, Dispatcher]:
    """A dispatcher for each pool: jobs of one do not wait for those of another."""
    return {pool: _dispatcher(services, pool, slots) for pool, slots in SLOTS.items()}


def _dispatcher(services: AllServices, pool: JobPool, slots: int) -> Dispatcher:
    limiter = Limiter(pool, slots, each=share(slots, services.settings.organization_share))
    names = [name for name, kind in KINDS.items() if kind.pool is pool]
    return Dispatcher(limiter, partial(due_jobs, services, names), Runner(services, KINDS).work_on)
