"""Debian's Chromium, driven by Playwright, on a Polyhelm that listens. Where there is no Chromium tests are skipped,
except where nobody would notice."""

import os
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.chromium import ChromiumMissingError, launched
from tests.frontend.site import Site, serving
from tests.real.conftest import cache, new_fleet
from tests.sample_charts import packaged
from tests.stack import Stack

__all__ = ["cache", "new_fleet"]

# What a busy machine may take. How fast pages are when it is not is measured by tests of their own.
expect.set_options(timeout=120_000)

SCHEMA = {
    "type": "object",
    "properties": {"replicas": {"type": "integer", "minimum": 0}, "greeting": {"type": "string"}},
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    try:
        async with launched() as opened:
            yield opened
    except ChromiumMissingError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest_asyncio.fixture(loop_scope="session")
async def site(stack: Stack) -> AsyncIterator[Site]:
    """With nothing on it but an admin."""
    async with serving(stack) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def shop(site: Site, simulated: Callable[[str], Member]) -> dict[str, Member]:
    """Three members in the group `fleet`, with a deployment `shop` on all of them."""
    members = {name: simulated(name) for name in ("paris", "berlin", "tokyo")}
    for name, member in members.items():
        await site.stack.register(name, member.kubeconfig)
    await site.stack.group("fleet", list(members))
    await site.stack.upload(packaged(values="replicas: 1\ngreeting: Hello\n", schema=SCHEMA))
    await site.stack.deployed(
        releaseName="shop",
        values={"replicas": 2},
        valueOverrides=[{"cluster": "paris", "values": {"greeting": "Bonjour"}}],
    )
    return members
