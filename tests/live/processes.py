"""Parts of Polyhelm as processes of their own, beside a stack: they can be killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.stack import Stack

PART = "from app.cli import main; main()"


async def start(
    stack: Stack, part: str, *options: str, stdout: int | None = None, **settings: object
) -> asyncio.subprocess.Process:
    """`polyhelm PART` on the stack's services, with its settings or those given here."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    own = stack.services.settings
    shared = (
        "database_url",
        "redis_url",
        "data_dir",
        "confirm_every",
        "unreachable_after",
        "member_timeout",
        "allowed_networks",
    )
    given = {name: getattr(own, name) for name in shared} | {"log_level": "error"} | settings
    environment = kept | {f"POLYHELM_{name.upper()}": str(value) for name, value in given.items()}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", PART, part, *options, stdout=stdout, env=environment
    )


@asynccontextmanager
async def process(
    stack: Stack, part: str, *options: str, stdout: int | None = None, **settings: object
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The same until the block ends; it may be killed before."""
    started = await start(stack, part, *options, stdout=stdout, **settings)
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            started.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await started.wait()
