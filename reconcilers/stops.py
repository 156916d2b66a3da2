"""Stops work early, after its operation was cancelled or a newer change replaced it.

A notification through Redis says that work may have to stop; Postgres has the answer. Without notifications, a worker
looks whenever it renews its leases."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import bindparam, select
from sqlmodel import col

from app.core.database import LOST
from app.fleet.services import AllServices
from app.helm.ledger import Progress
from app.operations.work import Work
from app.redis.notifications import STOPS, Notifications
from app.tables.operations import Operation, OperationResult
from app.tables.targets import Target
from app.targets.activity import ActivityPhase
from app.targets.joins import OPEN_RESULT
from reconcilers.reporting import Reporter

log = structlog.get_logger()

_WRITING_SECONDS = 5.0

_STATES = (
    select(
        col(Target.id),
        *(col(Target.wanted), col(Target.desired_digest), col(Operation.skip_hooks), col(Operation.force)),
        *(col(Operation.id), col(Operation.cancelled_at)),
    )
    .join(OperationResult, OPEN_RESULT, isouter=True)
    .join(Operation, col(Operation.id) == OperationResult.operation_id, isouter=True)
    .where(col(Target.id).in_(bindparam("targets", expanding=True)))
)


class Stop(StrEnum):
    CANCELLED = "CANCELLED"  # a user has cancelled the operation
    REPLACED = "REPLACED"  # a newer operation wants another state of the target, or the target was removed


class StoppedError(Exception):
    """The work is to stop."""

    def __init__(self, stop: Stop, words: str = "") -> None:
        super().__init__(stop)
        self.stop = stop
        self.words = words
        """A sentence about where the Helm run was when it was stopped; may be empty."""


class Run:
    """The work on one target, which can be stopped while it is in a `stoppable` block."""

    def __init__(self, work: Work, reporter: Reporter) -> None:
        self.work = work
        self._reporter = reporter
        self._stop: Stop | None = None
        self._scope: asyncio.Timeout | None = None
        self._later: asyncio.TimerHandle | None = None
        self._words = ""

    def follow(self, progress: Progress) -> None:
        """Takes each change of the phase of a Helm run."""
        self._reporter.follow(progress)
        if self._later is not None and self._reporter.phase is not ActivityPhase.APPLYING:
            self._end(Stop.REPLACED)

    def stop(self, stop: Stop) -> None:
        """Stops the work. If it is only replaced and Helm is just writing, Helm gets a few seconds to finish that:
        interrupted, it would leave a failed revision."""
        if stop is Stop.REPLACED and self._reporter.phase is ActivityPhase.APPLYING:
            if self._later is None:
                self._later = asyncio.get_running_loop().call_later(_WRITING_SECONDS, self._end, stop)
        else:
            self._end(stop)

    def _end(self, stop: Stop) -> None:
        if self._stop is None:
            self._stop = stop
            self._words = self._reporter.words
            if self._scope is not None:
                self._scope.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def stoppable(self) -> AsyncIterator[None]:
        """Cancels the block when the work is to stop.

        Raises:
            StoppedError: then.
        """
        self._check()
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._scope = scope
                try:
                    yield
                finally:
                    self._scope = None
        except TimeoutError:
            if scope.expired():
                self._check()
            raise
        finally:
            if self._later is not None:
                self._later.cancel()
            await self._reporter.close()

    def _check(self) -> None:
        if self._stop is not None:
            raise StoppedError(self._stop, self._words) from None


class Stops:
    """Checks whether the work of this worker is still wanted, and stops work that is not."""

    def __init__(self, services: AllServices) -> None:
        assert services.settings.redis_url is not None
        self._services = services
        self._notifications = Notifications(services.settings.redis_url, STOPS)
        self._runs: dict[int, Run] = {}
        self._look = asyncio.Event()
        self.heard = 0
        """The number of notifications received."""

    @asynccontextmanager
    async def watched(self, work: Work, heard: int) -> AsyncIterator[Run]:
        """Stops this work once it is no longer wanted. `heard` counts the notifications before the work was taken."""
        run = self._runs[work.target.id] = Run(work, Reporter(self._services, work))
        work.watchers.append(run.follow)
        if self.heard != heard:
            self._look.set()
        try:
            yield run
        finally:
            if self._runs.get(work.target.id) is run:
                del self._runs[work.target.id]

    async def run(self) -> None:
        """Checks after each notification and periodically, until it is cancelled."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._services.settings.lease_seconds / 3):
                        await self._look.wait()
                self._look.clear()
                try:
                    await self._stop_what_is_over()
                except LOST as error:
                    log.warning("stops.database_lost", error=str(error))
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await self._notifications.close()

    async def _listen(self) -> None:
        async with aclosing(self._notifications.listen()) as notifications:
            async for _ in notifications:
                self.heard += 1
                self._look.set()

    async def _stop_what_is_over(self) -> None:
        runs = list(self._runs.values())
        if not runs:
            return
        ids = [run.work.target.id for run in runs]
        states = {row[0]: row for row in await self._services.database.rows(_STATES, targets=ids)}
        for run in runs:
            stop = _stop(run.work, states.get(run.work.target.id))
            if stop is not None:
                run.stop(stop)


def _stop(work: Work, state: Sequence[Any] | None) -> Stop | None:
    """Why work is to stop, by the present rows of its target; None if it may continue."""
    if state is None:
        return Stop.REPLACED
    _, *asked, operation_id, cancelled_at = state
    if operation_id is not None and cancelled_at is not None:
        return Stop.CANCELLED
    target, operation = work.target, work.operation
    is_same = asked[:2] == [target.wanted, target.desired_digest]
    if operation_id is not None:
        is_same = is_same and asked[2:] == [operation.skip_hooks, operation.force]
    return None if is_same or operation_id == operation.id else Stop.REPLACED
