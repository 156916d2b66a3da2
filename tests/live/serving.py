"""A stack's API on a port of its own, as clients reach it."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from app.program.processes import run_api, running
from tests.stack import Stack

Served = Callable[[Stack], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def served(stack: Stack) -> AsyncIterator[str]:
    """Serves it; gives the URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        async with running(run_api(stack.services, listener)):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
