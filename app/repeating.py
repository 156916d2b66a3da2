"""What is done again and again, for as long as a process lives."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from app.database import LOST

log = structlog.get_logger()


async def repeatedly(part: str, step: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Takes a step every so many seconds until it is cancelled. One that fails is logged under the part's name, and
    taken again."""
    while True:
        try:
            await step()
        except LOST as error:
            log.warning(f"{part}.database_lost", error=str(error))
        except Exception:
            log.exception(f"{part}.failed")
        await asyncio.sleep(seconds)
