"""A server for the command line, and the program signed in to it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from simulator import Member
from tests.cli.polyhelm import Polyhelm, serving
from tests.stack import Stack


@pytest_asyncio.fixture(loop_scope="session")
async def polyhelm(quiet: Stack, tmp_path: Path) -> AsyncIterator[Polyhelm]:
    """Against an API where nothing happens but what is asked for."""
    async with serving(quiet, tmp_path / "home") as program:
        yield program


@pytest_asyncio.fixture(loop_scope="session")
async def working(stack: Stack, tmp_path: Path) -> AsyncIterator[Polyhelm]:
    """Against a whole Polyhelm."""
    async with serving(stack, tmp_path / "home") as program:
        yield program


@pytest_asyncio.fixture(loop_scope="session")
async def members(simulated: Callable[[str], Member], tmp_path: Path) -> dict[str, Member]:
    """Paris and Berlin, with a kubeconfig file for each in the program's home."""
    found = {name: simulated(name) for name in ("paris", "berlin")}
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    for name, member in found.items():
        (home / f"{name}.yaml").write_text(member.kubeconfig)
    return found
