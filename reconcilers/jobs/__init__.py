"""Runs jobs: all of them are started here."""

from functools import partial

from app.core.limiter import Limiter, share
from app.fleet.services import AllServices
from app.jobs.leases import due_jobs
from reconcilers.dispatcher import Dispatcher
from reconcilers.jobs.kinds import KINDS
from reconcilers.jobs.runner import Runner

SLOTS = 8
"""Jobs that one worker does at once. Reading an index takes a thread and up to a few hundred megabytes."""

NAMES = tuple(KINDS)
"""A worker leaves jobs that it does not know to those of a newer version."""


def job_dispatcher(services: AllServices) -> Dispatcher:
    limiter = Limiter("jobs", SLOTS, each=share(SLOTS, services.settings.organization_share))
    return Dispatcher(limiter, partial(due_jobs, services, NAMES), Runner(services, KINDS).work_on)
