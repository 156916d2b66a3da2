"""Executes runs of workflows in a worker.

The engine is opened when the worker first gets a run. What it executes belongs to it as long as its lease lasts. Then
any other worker resumes it. Steps of runs are written only by the worker that drives the run
(`app/automation/advancing.py`).
"""

import asyncio
import uuid
from contextlib import aclosing
from datetime import timedelta

import structlog
from sqlalchemy import Interval, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.automation.advancing import OpenRun, TakenOverError, runs_with_news
from app.core.database import LOST
from app.core.leases import Renewal, clock, kept
from app.core.limiter import Limiter, share
from app.core.repeating import lasting, repeatedly
from app.durable.program import Pause
from app.fleet.services import AllServices
from app.redis.notifications import RUNS, Notifications
from app.tables.columns import now
from app.tables.runs import WorkflowExecutor, WorkflowRun
from app.workflows.run import RunState
from reconcilers.driving import Drive

log = structlog.get_logger()

STEPS = 64
"""Attempts that one worker executes at once."""
_LOOK_SECONDS = 1.0
_SLOW_SECONDS = 60.0
_KEPT_HISTORY = timedelta(hours=1)
_PAGE = 200
_CLOCK = func.clock_timestamp()
_UNTIL = _CLOCK + bindparam("length", type_=Interval)
_TAKE = insert(WorkflowExecutor).values(id=bindparam("executor"), alive_until=_UNTIL)
_RENEW = (
    update(WorkflowExecutor)
    .where(col(WorkflowExecutor.id) == bindparam("executor"), col(WorkflowExecutor.alive_until) > _CLOCK)
    .values(alive_until=_UNTIL)
    .returning(col(WorkflowExecutor.id))
)
_RELEASE = update(WorkflowExecutor).where(col(WorkflowExecutor.id) == bindparam("executor")).values(alive_until=_CLOCK)
_OPEN = (
    select(col(WorkflowRun.id), col(WorkflowRun.epoch))
    .where(col(WorkflowRun.state) == RunState.RUNNING)
    .order_by(col(WorkflowRun.id))
)
_DEAD = select(col(WorkflowExecutor.id)).where(col(WorkflowExecutor.alive_until) <= _CLOCK)


class RunProgram:
    """What the engine executes. `limiter` has the slots of attempts, and `driver` is the lease of the worker."""

    def __init__(self, services: AllServices) -> None:
        self.limiter = Limiter("steps", STEPS, each=share(STEPS, services.settings.organization_share))
        self.driver = ""
        self._services = services
        self._drives: dict[int, Drive] = {}

    async def drive(self, run_id: int, epoch: int) -> Pause:
        run = OpenRun(self._services, run_id, epoch, self.driver)
        organization_id = await self._claimed(run)
        if organization_id is None:
            return {"seconds": None, "has_ended": True}
        drive = self._drives[run_id] = Drive(self._services, self.limiter, run, organization_id)
        try:
            return await drive.until_quiet()
        except TakenOverError:
            log.warning("workflows.taken_over", run=run_id, epoch=epoch)
            parked: asyncio.Future[Pause] = asyncio.get_running_loop().create_future()
            return await parked  # until the engine of this worker is closed
        finally:
            if self._drives.get(run_id) is drive:
                del self._drives[run_id]

    def hear(self, run_id: int, epoch: int) -> bool:
        drive = self._drives.get(run_id)
        if drive is None or drive.run.epoch != epoch:
            return False
        drive.hear()
        return True

    async def look(self) -> None:
        """Continues the runs in which something has happened that this worker has not done itself."""
        if not self._drives:
            return
        for run_id in await runs_with_news(self._services, list(self._drives), self.driver):
            if (drive := self._drives.get(run_id)) is not None:
                drive.hear()

    async def _claimed(self, run: OpenRun) -> int | None:
        pause = _LOOK_SECONDS
        while True:
            try:
                return await run.claim()
            except LOST as error:
                log.warning("workflows.database_lost", run=run.run_id, error=str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _SLOW_SECONDS)


class _WorkerLease:
    def __init__(self, services: AllServices) -> None:
        self.id = str(uuid.uuid4())
        self.safe_until = 0.0
        self.seconds = float(services.settings.lease_seconds)
        self._services = services

    async def take(self) -> None:
        asked_at = clock()
        async with self._services.transaction() as transaction:
            await transaction.session.execute(_TAKE, self._given())
        self.safe_until = asked_at + self.seconds

    async def renew(self) -> Renewal:
        asked_at = clock()
        async with self._services.transaction() as transaction:
            if (await transaction.session.execute(_RENEW, self._given())).first() is None:
                return Renewal.LOST
        self.safe_until = asked_at + self.seconds
        return Renewal.RENEWED

    async def release(self) -> None:
        async with self._services.transaction() as transaction:
            await transaction.session.execute(_RELEASE, {"executor": self.id})

    def _given(self) -> dict[str, object]:
        return {"executor": self.id, "length": timedelta(seconds=self.seconds)}


class Workflows:
    """Executes runs until it is cancelled."""

    def __init__(self, services: AllServices) -> None:
        self._services = services
        self.program = RunProgram(services)
        self._last_seen = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(lasting("workflows", self._execute))
            group.create_task(repeatedly("workflows", self._look_for_open, self._services.settings.sweep_every))

    async def _execute(self) -> None:
        """Executes under a lease, from the first run on."""
        executor = self._services.executor
        await executor.wanted.wait()
        lease = _WorkerLease(self._services)
        await lease.take()
        try:
            async with kept(lease, lease.renew, seconds=lease.seconds, executor=lease.id):
                self.program.driver = lease.id
                await executor.open(lease.id, self.program)
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(lasting("workflows", self._listen))
                        group.create_task(repeatedly("workflows", self.program.look, _LOOK_SECONDS))
                        group.create_task(repeatedly("workflows", self._resume, self._services.settings.sweep_every))
                        group.create_task(repeatedly("workflows", self._restart, self._services.settings.sweep_every))
                        group.create_task(repeatedly("workflows", self._remove_history, _SLOW_SECONDS))
                finally:
                    await executor.close()
        finally:
            await lease.release()

    async def _listen(self) -> None:
        assert self._services.settings.redis_url is not None
        notifications = Notifications(self._services.settings.redis_url, RUNS)
        try:
            async with aclosing(notifications.listen()) as heard:
                async for _ in heard:
                    await self.program.look()
        finally:
            await notifications.close()

    async def _look_for_open(self) -> None:
        """Opens the engine if there are runs, which another worker may have left."""
        database = self._services.database
        if await database.rows(_OPEN.limit(1)) or await database.rows(_DEAD.limit(1)):
            self._services.executor.wanted.set()

    async def _resume(self) -> None:
        """Has the executions of dead workers continued by those that live."""
        for (executor,) in await self._services.database.rows(_DEAD):
            while found := await self._services.executor.resume(executor):
                log.info("workflows.resumed", executor=executor, executions=found)
            async with self._services.transaction() as transaction:
                statement = delete(WorkflowExecutor).where(col(WorkflowExecutor.id) == executor)
                await transaction.session.execute(statement)

    async def _restart(self) -> None:
        """Starts an interpreter for runs that have none, such as after an error of the engine. Each call looks at the
        next page of the open runs. A new run gets its first interpreter from its job."""
        old = col(WorkflowRun.created_at) < now() - timedelta(seconds=_SLOW_SECONDS)
        page = _OPEN.where(col(WorkflowRun.id) > self._last_seen, old).limit(_PAGE)
        found = {(run_id, epoch) for run_id, epoch in await self._services.database.rows(page)}
        self._last_seen = max(run_id for run_id, _ in found) if len(found) == _PAGE else 0
        if not found:
            return
        for run_id, epoch in await self._services.executor.ended_among(list(found)):
            log.info("workflows.restarted", run=run_id, epoch=epoch + 1)
            await self._services.executor.start(run_id, epoch + 1)

    async def _remove_history(self) -> None:
        """Removes what the engine has recorded of executions that have ended: our own tables have all that is shown."""
        while await self._services.executor.remove_ended(now() - _KEPT_HISTORY):
            pass
