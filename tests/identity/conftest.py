import pytest_asyncio

from tests.identity.browser import PASSWORD
from tests.live.conftest import served
from tests.stack import Stack

__all__ = ["served"]


@pytest_asyncio.fixture(loop_scope="session")
async def carol(quiet: Stack) -> str:
    """The name of a viewer with a password."""
    await quiet.mutate("createUser", "... on UserPayload { token }", name="carol", role="VIEWER", password=PASSWORD)
    return "carol"
