import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import pytest_asyncio

from app.processes import run_api, running
from tests.live.client import Socket
from tests.live.client import socket as open_socket
from tests.stack import Stack

Served = Callable[[Stack], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def _served(stack: Stack) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        async with running(run_api(stack.services, listener)):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def served() -> Served:
    """Serves a stack's API on a port of its own; gives the URL."""
    return _served


@pytest_asyncio.fixture(loop_scope="session")
async def url(stack: Stack) -> AsyncIterator[str]:
    """Where `stack` is served."""
    async with _served(stack) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def live(url: str) -> AsyncIterator[Socket]:
    """A socket to `stack`."""
    async with open_socket(url) as opened:
        yield opened
