"""What is done again and again, for as long as a process lives."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from app.core.database import LOST

log = structlog.get_logger()

_SLOWER = 4
"""A step that fails is taken less and less often, but not more seldom than this many times."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


async def repeatedly(part: str, step: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Takes a step every so many seconds until it is cancelled. One that fails is logged under the part's name, and
    taken again after a longer pause."""
    factor = 1
    while True:
        try:
            await step()
            factor = 1
        except Exception as error:
            _log(part, error)
            factor = min(2 * factor, _SLOWER)
        await asyncio.sleep(factor * seconds)


async def lasting(part: str, run: Callable[[], Awaitable[None]]) -> None:
    """Runs what is to run until it is cancelled. Where it fails or ends before, it is run anew, after a pause that
    grows as long as it fails soon: one part that fails does not end the others of its process."""
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
