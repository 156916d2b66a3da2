"""Finds what was lost: work whose wake-up never came.

Nothing depends on the queue being right. Whatever is open in Postgres and not being worked on is woken again here.
"""

import asyncio
import time

from app.core.repeating import repeatedly
from app.deployments.drift import correct_drift
from app.fleet.services import AllServices
from app.operations.work import due_targets
from app.targets.reachability import keep_expiring
from reconcilers.housekeeping import Housekeeping
from reconcilers.metrics import WAITING

_MOST = 500  # targets woken by one sweep; the next one takes more


class Sweeper:
    def __init__(self, services: AllServices) -> None:
        self._services = services

    async def run(self) -> None:
        """Sweeps until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(repeatedly("sweeper", self._wake_due, self._services.settings.sweep_every))
            group.create_task(Housekeeping(self._services).run())
            group.create_task(repeatedly("sweeper", self._correct, self._services.settings.sweep_every))
            group.create_task(keep_expiring(self._services))

    async def _wake_due(self) -> None:
        due = await due_targets(self._services, limit=_MOST)
        WAITING.set(len(due))
        # Sweeps of the same moment wake a target once, however many workers there are.
        moment = int(time.time() / self._services.settings.sweep_every)
        await self._services.queue.wake(due, key=f"sweep:{moment}")

    async def _correct(self) -> None:
        await correct_drift(self._services)
