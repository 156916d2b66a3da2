"""Threads for work that would block the event loop. Organizations share them fairly."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from app.core.limiter import Limiter, Slot, share
from app.core.tenancy import current_tenant

Given = ParamSpec("Given")
Found = TypeVar("Found")

_THREADS = min(32, (os.cpu_count() or 1) + 6)
_PERCENT = 50


class Threads:
    """`pool` is the label in the metrics, `threads` how many there are, and `each` how many of them one organization
    may use."""

    def __init__(self, pool: str, threads: int, *, each: int) -> None:
        self._threads = ThreadPoolExecutor(threads, pool)
        self._limiter = Limiter(pool, threads, each=each)

    async def run(self, function: Callable[Given, Found], *given: Given.args, **named: Given.kwargs) -> Found:
        """Returns what the function returns. A caller that is cancelled does not stop the thread, so its slot stays
        taken until the function has ended."""
        slot = await self._limiter.acquire(current_tenant())
        loop = asyncio.get_running_loop()
        try:
            running = self._threads.submit(partial(copy_context().run, function, *given, **named))
        except BaseException:
            slot.release()
            raise
        running.add_done_callback(partial(_release, loop, slot))
        return await asyncio.wrap_future(running)


def _release(loop: asyncio.AbstractEventLoop, slot: Slot, _: Future[Found]) -> None:
    with suppress(RuntimeError):  # the loop is closed: the process is ending
        loop.call_soon_threadsafe(slot.release)


_work = Threads("threads", _THREADS, each=share(_THREADS, _PERCENT))


async def in_thread(function: Callable[Given, Found], *given: Given.args, **named: Given.kwargs) -> Found:
    """Runs a function in a thread, on behalf of the current organization."""
    return await _work.run(function, *given, **named)
