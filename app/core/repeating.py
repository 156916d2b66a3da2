"""Periodic and permanent tasks of a process."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from app.core.database import LOST

log = structlog.get_logger()

_SLOWER = 4
"""Work that fails is repeated with growing pauses, up to this multiple of its interval."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


async def repeatedly(part: str, work: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Does work periodically until it is cancelled. Work that fails is logged under the task's name and repeated after
    a longer pause."""
    factor = 1
    while True:
        try:
            await work()
            factor = 1
        except Exception as error:
            _log(part, error)
            factor = min(2 * factor, _SLOWER)
        await asyncio.sleep(factor * seconds)


async def lasting(part: str, run: Callable[[], Awaitable[None]]) -> None:
    """Runs a task until it is cancelled. A task that fails or ends is restarted, after a pause that grows while it
    fails quickly, so one failing task does not end the others."""
    pause = _FIRST_PAUSE
    while True:
        began = time.monotonic()
        try:
            await run()
            log.error(f"{part}.ended")
        except Exception as error:
            _log(part, error)
        pause = _FIRST_PAUSE if time.monotonic() - began > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
        await asyncio.sleep(pause)


def _log(part: str, error: Exception) -> None:
    if isinstance(error, LOST):
        log.warning(f"{part}.database_lost", error=str(error))
    else:
        log.error(f"{part}.failed", exc_info=error)
