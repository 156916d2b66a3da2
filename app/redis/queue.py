"""The queue of wake-ups, on arq. Only this module uses arq.

A wake-up says only "look at target 42", or "organization 7 has jobs": the work is determined from Postgres and the
cluster. A worker finishes a wake-up as soon as it has noted it, and continues to read while all its slots are in use,
so no wake-up waits behind those of another organization. A wake-up may be delivered twice or be lost: the sweeper finds
the rest. Wake-ups are JSON, never pickle, so that write access to Redis does not allow running code.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

import orjson
import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Function, Worker, func
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.core.concurrency import for_each
from app.redis.commands import LOST, RedisCommands
from app.redis.notifications import RUNS, STOPS, WAKES, Notifications

log = structlog.get_logger()

QUEUE = "polyhelm:queue"
RECONCILE = "reconcile_target"
START = "start_jobs"

_AT_ONCE = 50  # enqueueing commands in progress
_JOBS = 100  # taken at once
_JOB_SECONDS = 10
_LOOK_SECONDS = 0.25  # between two reads without a notification, for deferred jobs
_LOOK_SECONDS_WITHOUT_NOTIFICATIONS = 0.02


def redis_settings(url: str) -> RedisSettings:
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout = 5
    settings.retry_on_timeout = True
    settings.retry_on_error = [RedisConnectionError, RedisTimeoutError]
    settings.retry = Retry(ExponentialBackoff(cap=2, base=0.05), retries=5)
    return settings


class Queue:
    """Created without a connection. The first use connects, and a lost connection is replaced."""

    def __init__(self, redis_url: str) -> None:
        self._settings = redis_settings(redis_url)
        self._notifications = Notifications(redis_url, WAKES)
        self._stops = Notifications(redis_url, STOPS)
        self._runs = Notifications(redis_url, RUNS)
        self._pool: ArqRedis | None = None
        self._connecting = asyncio.Lock()
        self._commands = RedisCommands()
        self._waking: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def wake(self, target_ids: Iterable[int], *, after: float = 0) -> None:
        """Enqueues wake-ups for targets, deferred by `after` seconds. Never raises: the sweeper finds lost wake-ups."""
        await self._enqueue(RECONCILE, list(target_ids), after)

    def wake_soon(self, target_ids: Iterable[int]) -> None:
        """Enqueues wake-ups for targets without waiting for Redis, so that requests stay fast while it is unavailable.

        After `close`, wake-ups are left to the sweeper.
        """
        self._enqueue_soon(RECONCILE, list(target_ids))

    def start_jobs_soon(self, organization_ids: Iterable[int | None], *, after: float = 0) -> None:
        """Enqueues the news that these organizations have jobs, deferred by `after` seconds, as `wake_soon` does."""
        self._enqueue_soon(START, list(organization_ids), after)

    def _enqueue_soon(self, name: str, arguments: Sequence[int | None], after: float = 0) -> None:
        if arguments and not self._is_closed:
            task = asyncio.create_task(self._enqueue(name, arguments, after))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)

    async def _enqueue(self, name: str, arguments: Sequence[int | None], after: float = 0) -> None:
        if not arguments:
            return

        async def enqueue_all() -> None:
            redis = await self._redis()
            await for_each(arguments, partial(redis.enqueue_job, name, _defer_by=after or None), at_once=_AT_ONCE)

        try:
            await self._commands.run(enqueue_all())
            self._notifications.notify_soon()
        except LOST as error:
            log.warning("queue.wake_lost", kind=name, count=len(arguments), error=str(error))

    def stop_soon(self) -> None:
        """Makes workers check whether their current work is still wanted. If the notification is lost, they check when
        they renew their leases."""
        self._stops.notify_soon()

    def look_at_runs_soon(self) -> None:
        """Makes workers check what has happened in the runs that they drive. They also check every second."""
        self._runs.notify_soon()

    async def check(self) -> None:
        """Raises an error if Redis does not answer."""

        async def ping() -> None:
            await (await self._redis()).ping()

        await self._commands.run(ping())

    async def _redis(self) -> ArqRedis:
        async with self._connecting:
            if self._pool is None:
                self._pool = await create_pool(
                    self._settings,
                    default_queue_name=QUEUE,
                    job_serializer=orjson.dumps,
                    job_deserializer=orjson.loads,
                )
            return self._pool

    async def close(self) -> None:
        self._is_closed = True
        await asyncio.gather(*self._waking, return_exceptions=True)
        await self._commands.ended()
        await self._notifications.close()
        await self._stops.close()
        await self._runs.close()
        if self._pool is not None:
            await self._pool.aclose(close_connection_pool=True)


class _StoppedError(Exception):
    """The worker was asked to stop."""


class _Worker(Worker):
    """arq's worker, which reads the queue when it is notified, not fifty times per second.

    It is stopped between two reads, because cancelling a read would leave a connection behind.
    """

    stopping = False
    pause = _LOOK_SECONDS_WITHOUT_NOTIFICATIONS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.notified = asyncio.Event()

    async def _poll_iteration(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.pause):
                await self.notified.wait()
        self.notified.clear()
        if self.stopping:
            raise _StoppedError
        await super()._poll_iteration()


class QueueWorker:
    """Takes wake-ups from the queue. Calls `wake` with each target's id, and `start_jobs` with the id of each
    organization that has jobs."""

    def __init__(self, redis_url: str, wake: Callable[[int], None], start_jobs: Callable[[int | None], None]) -> None:
        def noting(name: str, note: Callable[[Any], None]) -> Function:
            async def take(ctx: dict[Any, Any], argument: int | None) -> None:
                note(argument)
                self._worker.notified.set()  # there may be more wake-ups than were taken at once

            return func(take, name=name, keep_result=0, max_tries=1000)

        self._worker = _Worker(
            [noting(RECONCILE, wake), noting(START, start_jobs)],
            redis_settings=redis_settings(redis_url),
            queue_name=QUEUE,
            max_jobs=_JOBS,
            # Ids beyond this limit are not seen while earlier ones run, so the limit exceeds all that can run at once.
            queue_read_limit=_JOBS * 10,
            poll_delay=0.001,  # pauses are handled here
            job_timeout=_JOB_SECONDS,
            handle_signals=False,
            log_results=False,
            # The result of a job that cannot be run is an exception. If it could not be written, the job would stay.
            job_serializer=partial(orjson.dumps, default=str),
            job_deserializer=orjson.loads,
        )
        self._notifications = Notifications(redis_url, WAKES)

    async def run(self) -> None:
        """Runs until it is stopped. arq ends when it loses Redis, so it is restarted."""
        listening = asyncio.create_task(self._listen())
        try:
            await self._work()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self) -> None:
        async with aclosing(self._notifications.listen()) as notifications:
            async for hears in notifications:
                self._worker.pause = _LOOK_SECONDS if hears else _LOOK_SECONDS_WITHOUT_NOTIFICATIONS
                self._worker.notified.set()

    async def _work(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await self._worker.main()
            except _StoppedError:
                return
            except LOST as error:
                failures = 0 if time.monotonic() - began > 60 else failures + 1
                log.warning("queue.redis_lost", error=str(error))
                await asyncio.sleep(min(5.0, 0.1 * 2**failures))

    async def stop(self) -> None:
        """Stops taking jobs, and waits for the running ones."""
        self._worker.stopping = True
        self._worker.notified.set()
        await asyncio.gather(*self._worker.tasks.values(), return_exceptions=True)

    async def close(self) -> None:
        await self._notifications.close()
        if self._worker._pool is not None:
            await self._worker._pool.aclose(close_connection_pool=True)
