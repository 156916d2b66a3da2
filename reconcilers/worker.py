"""The worker: takes wake-ups from the queue, reconciles targets, does jobs, and finds work whose wake-up was lost."""

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from functools import partial

from app.core.limiter import Limiter, share
from app.core.repeating import lasting
from app.fleet.services import AllServices
from app.operations.due import due_targets
from app.redis.queue import QueueWorker
from reconcilers.dispatcher import Dispatcher
from reconcilers.jobs import job_dispatchers
from reconcilers.reconciliation import Reconciler
from reconcilers.stops import Stops
from reconcilers.sweeper import Sweeper
from reconcilers.wake_ups import WakeUps
from reconcilers.workflows import Workflows

GRACE_SECONDS = 10.0
"""How long running actions may take to finish at shutdown, before Helm is stopped."""


def target_dispatcher(services: AllServices, work_on: Callable[[int], Awaitable[bool]]) -> Dispatcher:
    slots = services.settings.worker_concurrency
    limiter = Limiter("worker", slots, each=share(slots, services.settings.organization_share))
    return Dispatcher(limiter, partial(due_targets, services), work_on)


async def run_worker(services: AllServices) -> None:
    """Works until it is cancelled; then gives running actions time to finish."""
    await lasting("worker", partial(_work, services))


async def _work(services: AllServices) -> None:
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    stops = Stops(services)
    reconciler = Reconciler(services, owner, stops)
    assert services.settings.redis_url is not None
    dispatcher = target_dispatcher(services, reconciler.reconcile_target)
    wake_ups = WakeUps(services, dispatcher.note)
    jobs = job_dispatchers(services).values()

    def start_jobs(organization_id: int | None) -> None:
        for each in jobs:
            each.note(organization_id)

    queue = QueueWorker(services.settings.redis_url, wake_ups.wake, start_jobs)
    taking, following = asyncio.create_task(queue.run()), asyncio.create_task(wake_ups.run())
    workflows = Workflows(services)
    own = [dispatcher.limiter, workflows.program.limiter, *(each.limiter for each in jobs)]
    limiters = [*own, *services.helm.slots.limiters, *services.database.limiters]
    sweeping = asyncio.create_task(Sweeper(services, dispatcher.note, start_jobs, limiters).run())
    stopping, executing = asyncio.create_task(stops.run()), asyncio.create_task(workflows.run())
    try:
        await asyncio.gather(asyncio.shield(taking), following, sweeping, stopping, executing)
    finally:
        sweeping.cancel()
        following.cancel()
        await queue.stop()
        executing.cancel()
        await asyncio.gather(*(each.stop(grace=GRACE_SECONDS) for each in (dispatcher, *jobs)))
        stopping.cancel()
        await asyncio.gather(taking, following, sweeping, stopping, executing, return_exceptions=True)
        await queue.close()
