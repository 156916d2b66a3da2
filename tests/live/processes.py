"""Parts of Polyhelm as processes of their own, beside a stack: they can be killed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.forks import Fork, polyhelm
from tests.stack import Stack

_SHARED = (
    *("database_url", "redis_url", "data_dir", "confirm_every"),
    *("unreachable_after", "member_timeout", "allowed_networks"),
)


def environment(stack: Stack, **settings: object) -> dict[str, str]:
    """A process's on the stack's services, with its settings or those given here."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    given = {name: getattr(stack.services.settings, name) for name in _SHARED} | {"log_level": "error"} | settings
    return kept | {f"POLYHELM_{name.upper()}": str(value) for name, value in given.items()}


@asynccontextmanager
async def process(stack: Stack, part: str, *options: str, **settings: object) -> AsyncIterator[Fork]:
    """`polyhelm PART` until the block ends; it may be killed before."""
    started = polyhelm(part, *options, environment=environment(stack, **settings))
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            started.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await started.wait()
