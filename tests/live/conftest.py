from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live import serving
from tests.live.client import Socket
from tests.live.client import socket as open_socket
from tests.live.serving import Served
from tests.stack import Stack


@pytest.fixture
def served() -> Served:
    """Serves a stack's API on a port of its own; gives the URL."""
    return serving.served


@pytest_asyncio.fixture(loop_scope="session")
async def url(stack: Stack) -> AsyncIterator[str]:
    """Where `stack` is served."""
    async with serving.served(stack) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def live(url: str) -> AsyncIterator[Socket]:
    """A socket to `stack`."""
    async with open_socket(url) as opened:
        yield opened
