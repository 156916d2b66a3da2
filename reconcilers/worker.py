"""The worker: takes wake-ups from the queue, reconciles targets, and finds work whose wake-up was lost."""

import asyncio
import os
import socket
import uuid
from functools import partial

from app.core.repeating import lasting
from app.fleet.services import AllServices
from app.redis.queue import QueueWorker
from reconcilers.dispatcher import Dispatcher
from reconcilers.reconciliation import Reconciler
from reconcilers.stops import Stops
from reconcilers.sweeper import Sweeper

GRACE_SECONDS = 10.0
"""How long running actions may take to finish at shutdown, before Helm is stopped."""


async def run_worker(services: AllServices) -> None:
    """Works until it is cancelled; then gives running actions time to finish."""
    await lasting("worker", partial(_work, services))


async def _work(services: AllServices) -> None:
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    stops = Stops(services)
    reconciler = Reconciler(services, owner, stops)
    assert services.settings.redis_url is not None
    dispatcher = Dispatcher(services, reconciler.look_at_target)
    queue = QueueWorker(services.settings.redis_url, dispatcher.wake)
    taking, dispatching = asyncio.create_task(queue.run()), asyncio.create_task(dispatcher.run())
    limiters = [dispatcher.limiter, *services.helm.slots.limiters, *services.database.limiters]
    sweeping = asyncio.create_task(Sweeper(services, dispatcher.note, limiters).run())
    stopping = asyncio.create_task(stops.run())
    try:
        await asyncio.gather(asyncio.shield(taking), dispatching, sweeping, stopping)
    finally:
        sweeping.cancel()
        dispatching.cancel()
        await queue.stop()
        await dispatcher.stop(grace=GRACE_SECONDS)
        stopping.cancel()
        await asyncio.gather(taking, dispatching, sweeping, stopping, return_exceptions=True)
        await queue.close()
