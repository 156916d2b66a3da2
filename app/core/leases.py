"""Keeps a lease: the right of one process to work on something, which a row of the database gives it until a time.

The holder renews it after each third of its length, and more often after a renewal that failed. It stops once another
process has taken the lease, and also when the lease may have ended: it counts by its own clock, from the moment at
which it asked, so that its lease never lasts longer for it than for the database.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from typing import Any, Protocol

import structlog

from app.core.database import LOST

log = structlog.get_logger()


class LeaseLostError(Exception):
    """Another process has taken the lease, or may have taken it."""


class Renewal(Enum):
    RENEWED = auto()
    RELEASED = auto()  # by the holder itself, with the end of its work
    LOST = auto()


class Lease(Protocol):
    """`safe_until` is the time on `clock` until which the lease lasts for certain."""

    safe_until: float


def clock() -> float:
    """Seconds of a clock that also counts while the machine sleeps, if the system has one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@asynccontextmanager
async def kept(
    lease: Lease, renew: Callable[[], Awaitable[Renewal]], *, seconds: float, **about: Any
) -> AsyncIterator[None]:
    """Renews a lease of `seconds` while the block runs. `renew` sets its `safe_until`; `about` is for the log.

    Raises:
        LeaseLostError: if the block was cancelled because the lease was lost, or was not renewed in time.
    """
    holder = asyncio.current_task()
    assert holder is not None
    lost = False

    async def keep() -> None:
        nonlocal lost
        pause = seconds / 3
        while True:
            await asyncio.sleep(pause)
            pause = seconds / 3
            renewal = None
            try:
                renewal = await renew()
            except LOST as error:
                # Postgres is unavailable. A renewal after a short pause may still be in time.
                pause = seconds / 30
                log.warning("lease.not_renewed", error=str(error), **about)
            if renewal is Renewal.RELEASED:
                return
            if renewal is Renewal.LOST or clock() >= lease.safe_until:
                lost = True
                holder.cancel()
                return

    renewing = asyncio.create_task(keep())
    try:
        yield
    except asyncio.CancelledError:
        if lost and holder.uncancel() == 0:
            raise LeaseLostError from None
        raise
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
