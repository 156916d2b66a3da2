"""Does a job under a lease.

A job is done at least once: if the worker dies after the job's last effect and before the job is marked as done,
another worker does it again. An attempt that fails is repeated after a pause that grows.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from pydantic import ValidationError

from app.core.database import LOST
from app.core.errors import ActionError, UserError
from app.core.leases import LeaseLostError, kept
from app.fleet.services import AllServices
from app.jobs import leases
from app.jobs.leases import Held
from app.releases.texts import without_nul
from reconcilers.jobs.kinds import Kind
from reconcilers.metrics import JOBS

log = structlog.get_logger()

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(hours=1)
_LONGEST_ERROR = 1000


class _TooLongError(Exception):
    """The attempt took longer than its kind allows."""


class Runner:
    def __init__(self, services: AllServices, kinds: Mapping[str, Kind[Any]]) -> None:
        self._services = services
        self._kinds = kinds
        self._lease = timedelta(seconds=services.settings.lease_seconds)

    async def work_on(self, job_id: int) -> bool:
        """Does a job, unless it is not due or another worker does it. Returns whether it was attempted."""
        held = await leases.take(self._services, job_id, self._lease)
        if held is None:
            return False
        kind = self._kinds[held.name]
        try:
            outcome = await self._attempt(held, kind)
        except LeaseLostError:
            outcome = "lost"
            log.warning("job.lost", job=held.name, id=held.id)
        except asyncio.CancelledError:
            with suppress(*LOST):  # else the job is due again when the lease ends
                await leases.give_back(self._services, held)
            raise
        JOBS.labels(held.name, outcome).inc()
        return True

    async def _attempt(self, held: Held, kind: Kind[Any]) -> str:
        """Returns how the attempt ended."""
        if held.attempts > kind.attempts:
            return await self._fail(held, "The worker ended during each attempt.", most=0)
        try:
            given = kind.input.model_validate(held.input)
        except ValidationError as error:
            return await self._fail(held, f"The input is not valid: {error}", most=0)
        try:
            await self._run(held, kind, given)
        except LeaseLostError:
            raise
        except _TooLongError:
            return await self._fail(held, f"It took longer than {kind.seconds:g} s.", most=kind.attempts)
        except (UserError, ActionError) as error:
            return await self._fail(held, str(error), most=kind.attempts)
        except Exception as error:
            log.exception("job.error", job=held.name, id=held.id)
            return await self._fail(held, f"{type(error).__name__} (the log of the worker has it).", most=kind.attempts)
        await leases.finish(self._services, held)
        return "done"

    async def _run(self, held: Held, kind: Kind[Any], given: Any) -> None:
        """Runs the job's function under the lease, for as long as its kind allows."""
        renew = partial(leases.renew, self._services, held, self._lease)
        async with kept(held, renew, seconds=self._lease.total_seconds(), job=held.name, id=held.id):
            try:
                async with asyncio.timeout(kind.seconds) as limit:
                    await kind.run(self._services, given)
            except TimeoutError:
                if limit.expired():
                    raise _TooLongError from None
                raise

    async def _fail(self, held: Held, problem: str, *, most: int) -> str:
        jitter = random.uniform(0.5, 1)  # noqa: S311 - no secret
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(held.attempts - 1, 16)) * jitter
        if await leases.fail(self._services, held, without_nul(problem)[:_LONGEST_ERROR], pause=pause, most=most):
            log.error("job.failed", job=held.name, id=held.id, attempts=held.attempts, error=problem)
            return "failed"
        log.warning("job.retried", job=held.name, id=held.id, attempts=held.attempts, error=problem)
        return "retried"
