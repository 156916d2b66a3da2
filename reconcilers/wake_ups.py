"""Finds the organizations of the targets that wake-ups name."""

import asyncio
from collections.abc import Callable

import structlog

from app.core.database import LOST
from app.core.services import Services
from app.operations.due import organizations_of

log = structlog.get_logger()


class WakeUps:
    """Calls `note` with the id of each organization whose targets were woken."""

    def __init__(self, services: Services, note: Callable[[int], None]) -> None:
        self._services = services
        self._note = note
        self._woken: set[int] = set()
        self._is_woken = asyncio.Event()

    def wake(self, target_id: int) -> None:
        """Schedules a look for due work of the target's organization."""
        self._woken.add(target_id)
        self._is_woken.set()

    async def run(self) -> None:
        """Follows wake-ups until it is cancelled."""
        while True:
            await self._is_woken.wait()
            self._is_woken.clear()
            woken, self._woken = self._woken, set()
            try:
                for organization_id in await organizations_of(self._services, woken):
                    self._note(organization_id)
            except LOST as error:  # the sweeper will find the due work
                log.warning("wake_ups.database_lost", targets=len(woken), error=str(error))
