"""Writes the phase of a Helm run, so that users see it and a run that only waits frees its cluster's slot."""

import asyncio
from datetime import datetime

import structlog

from app.core.database import LOST
from app.core.leases import LeaseLostError
from app.fleet.services import AllServices
from app.helm.ledger import Progress, Stage
from app.operations import work
from app.operations.work import Work
from app.releases.hook import Hook
from app.tables.columns import now
from app.targets.activity import ActivityPhase

log = structlog.get_logger()

_BRIEF_SECONDS = 1.0
"""A phase that lasts no longer than this is not written, and has no event."""

_PHASES = {
    Stage.CHECKING: ActivityPhase.VALIDATING,
    Stage.WRITING: ActivityPhase.APPLYING,
    Stage.HOOK: ActivityPhase.HOOK,
    Stage.WAITING: ActivityPhase.WAITING,
}
ONLY_WAITS = (ActivityPhase.HOOK, ActivityPhase.WAITING)


class Reporter:
    """Follows the Helm runs of one piece of work. `phase` is the last known phase; None before the first run."""

    def __init__(self, services: AllServices, found: Work) -> None:
        self._services = services
        self._found = found
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self._since = now()
        self.phase: ActivityPhase | None = None
        self.hook: Hook | None = None

    def follow(self, progress: Progress) -> None:
        phase, hook = _PHASES[progress.stage], progress.hook
        if (phase, hook) == (self.phase, self.hook):
            return
        self.phase, self.hook, self._since = phase, hook, now()
        if not self._is_closed and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._write_what_lasts())

    @property
    def words(self) -> str:
        """A sentence about where the run was when it was stopped; empty unless it ran a hook or was waiting."""
        seconds = (now() - self._since).total_seconds()
        if self.phase is ActivityPhase.HOOK:
            return f" The {self.hook} had been running for {seconds:.0f} s."
        if self.phase is ActivityPhase.WAITING:
            return f" It had been waiting for {seconds:.0f} s for resources to become ready or to be deleted."
        return ""

    async def close(self) -> None:
        """Stops writing, before the outcome of the work is written."""
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _write_what_lasts(self) -> None:
        written: datetime | None = None
        while written != self._since:
            seen = self._since
            await asyncio.sleep(_BRIEF_SECONDS)
            if seen == self._since:
                await self._write()
                written = seen

    async def _write(self) -> None:
        assert self.phase is not None
        waits = self.phase in ONLY_WAITS
        try:
            has_left = await work.report(self._services, self._found, self.phase, self.hook, self._since, waits=waits)
        except LeaseLostError:
            return
        except LOST as error:
            log.warning("reporting.database_lost", target=self._found.target.id, error=str(error))
            return
        if has_left:
            await self._services.queue.wake([self._found.target.id])  # wakes targets that wait for the slot
