"""DBOS, which executes runs durably. This is the only module that knows it (docs/decisions/workflows.md).

A run is executed by an interpreter: it has the program drive the run until it only waits, and then waits itself, for a
wake-up or until a time. An interpreter whose worker dies is resumed by another worker, and drives the run again from
what the tables have.

The engine has a thread with an event loop of its own: its client of Postgres blocks, and it changes the default
executor of the loop that it runs on.
"""

import asyncio
import threading
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, error

from app.durable.program import Pause, Program

CONNECTIONS = 6
"""To Postgres; one more listens for wake-ups."""
THREADS = 16
_VERSION = "interpreter-2"
"""Workers execute only what has this version. The definition of a run is data, so it changes with this module only."""
_WAKE = "wake"
_LONGEST_WAIT = 3600.0
_MOST_PAUSES = 250
"""The pauses in one execution of an interpreter. A longer run continues in another execution, so that the history that
is read when it is resumed stays short."""
_PAGE = 200

Found = TypeVar("Found")


class EngineTakenError(Exception):
    """Another engine is open in this process."""


def migrate(database_url: str, *, program_role: str | None) -> None:
    """Creates or updates the schema `dbos`. It blocks."""
    DBOS.migrate(database_url, application_role=program_role)


class Engine:
    """An engine that executes. A process has at most one, because DBOS is a global object."""

    _only = threading.Lock()

    def __init__(self, database_url: str, executor: str, program: Program) -> None:
        self.program = program
        self._config: DBOSConfig = {
            "name": "polyhelm",
            "system_database_url": database_url,
            "sys_db_pool_size": CONNECTIONS,
            "executor_id": executor,
            "application_version": _VERSION,
            "run_migrations": False,
            "max_executor_threads": THREADS,
            "enable_otlp": False,
            "log_level": "ERROR",
            "serializer": DBOSPortableJSONSerializer(),
        }
        self._home = asyncio.get_running_loop()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="durable", daemon=True)

    async def start(self) -> None:
        """Begins to execute.

        Raises:
            EngineTakenError: another engine is open in this process.
        """
        if not self._only.acquire(blocking=False):
            raise EngineTakenError("Another engine of workflows is open in this process.")
        self._thread.start()
        try:
            await self.call(self._launch())
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops executing. What has not ended is continued when another worker resumes it."""
        try:
            await self.call(self._end())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)
            self._loop.close()
            self._only.release()

    async def call(self, coroutine: Coroutine[Any, Any, Found]) -> Found:
        """Runs a coroutine on the loop of the engine."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self._loop))

    async def at_home(self, coroutine: Coroutine[Any, Any, Found]) -> Found:
        """Runs a coroutine on the loop of the process."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self._home))

    async def _launch(self) -> None:
        global _current
        _current = self
        DBOS(config=self._config)
        DBOS.launch()

    async def _end(self) -> None:
        own = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not own]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        DBOS.destroy()


_current: Engine | None = None


def _engine() -> Engine:
    assert _current is not None
    return _current


# What is executed. The steps of these functions must not change without a new `_VERSION`.


@DBOS.workflow(name="run", max_recovery_attempts=None)
async def _interpret(run_id: int, epoch: int) -> None:
    engine = _engine()

    async def drive() -> Pause:
        return await engine.at_home(engine.program.drive(run_id, epoch))

    for _ in range(_MOST_PAUSES):
        pause = await DBOS.run_step_async({"name": "drive"}, drive)
        if pause["has_ended"]:
            return
        seconds = _LONGEST_WAIT if pause["seconds"] is None else min(pause["seconds"], _LONGEST_WAIT)
        await DBOS.recv_async(_WAKE, timeout_seconds=seconds)
    with SetWorkflowID(_name(run_id, epoch + 1)):
        await DBOS.start_workflow_async(_interpret, run_id, epoch + 1)


def _name(run_id: int, epoch: int) -> str:
    return f"run-{run_id}-{epoch}"


# What others ask of an open engine, on its loop. Repeating it changes nothing.


async def start(run_id: int, epoch: int) -> None:
    """Starts an interpreter of a run."""
    with SetWorkflowID(_name(run_id, epoch)):
        await DBOS.start_workflow_async(_interpret, run_id, epoch)


async def wake(run_id: int, epoch: int) -> None:
    """Has the interpreter of a run continue it. It is started if there is none."""
    try:
        await DBOS.send_async(_name(run_id, epoch), None, topic=_WAKE)
    except error.DBOSNonExistentWorkflowError:
        await start(run_id, epoch)


async def resume(executor: str) -> int:
    """Has executions of a dead worker continued by any worker. Returns their number; 0 if there are none left."""
    found = await DBOS.list_workflows_async(
        status="PENDING", executor_id=executor, limit=_PAGE, load_input=False, load_output=False
    )
    for each in found:
        await DBOS.resume_workflow_async(each.workflow_id)
    return len(found)


async def ended_among(names: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """Which of these interpreters, as run and epoch, have no execution in progress, or one of another version of
    Polyhelm, which no worker continues after an upgrade."""
    ids = {_name(*name): name for name in names}
    found = await DBOS.list_workflows_async(
        workflow_ids=list(ids),
        status=["PENDING", "ENQUEUED", "DELAYED"],
        app_version=_VERSION,
        load_input=False,
        load_output=False,
    )
    return set(names) - {ids[each.workflow_id] for each in found}


async def remove_ended(before: datetime) -> int:
    """Removes a page of the history of executions that have ended before a time. Returns its size."""
    found = await DBOS.list_workflows_async(
        status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
        completed_before=before.isoformat(),
        limit=_PAGE,
        load_input=False,
        load_output=False,
    )
    if found:
        await DBOS.delete_workflows_async([each.workflow_id for each in found])
    return len(found)
