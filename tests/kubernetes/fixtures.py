"""Fixtures for tests that need real clusters; a conftest imports those it wants.

Each worker of pytest-xdist has control planes of its own, at some 250 MB for each member. So mark the modules that use
them with `pytestmark = pytest.mark.xdist_group("kubernetes")` and run pytest with `--dist loadgroup`: one worker then
runs them all, while the others run the rest.

The members are shared by all tests of a session: use a namespace of your own, and leave a member as you found it
(`async with member.stopped()`, `with member.suspended()`).
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, NoReturn

import pytest
import pytest_asyncio

from . import binaries, node
from .controlplane import ControlPlanes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from .member import Member

NAMES = ("paris", "berlin", "tokyo")


def _missing(reason: binaries.BinariesMissing) -> NoReturn:
    """Where nobody looks at skipped tests, missing binaries are a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))


@pytest.fixture(scope="session")
def helm() -> Path:
    """The Helm that tests use: a new one, whatever is on the PATH."""
    try:
        return binaries.helm()
    except binaries.BinariesMissing as reason:
        _missing(reason)


@pytest.fixture(scope="session")
def programs() -> binaries.Binaries:
    """What a control plane is made of, for tests that start their own."""
    try:
        return binaries.control_plane()
    except binaries.BinariesMissing as reason:
        _missing(reason)


@pytest.fixture(scope="session")
def node_programs(programs: binaries.Binaries) -> binaries.NodeBinaries:
    """What a node consists of. Its programs are built after those of the control plane, with which they share most of
    their packages."""
    if obstacle := node.obstacle():
        pytest.skip(obstacle)
    try:
        return binaries.node()
    except binaries.BinariesMissing as reason:
        _missing(reason)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def control_planes(programs: binaries.Binaries) -> AsyncIterator[ControlPlanes]:
    """An etcd on which a test may start members of its own, e.g. with controllers."""
    async with ControlPlanes(programs=programs) as planes:
        yield planes


def _needs_members(item: pytest.Item) -> bool:
    """By its group, since some ask for their cluster by name."""
    group = item.get_closest_marker("xdist_group")
    return group is not None and group.args == ("kubernetes",)


@pytest.fixture(autouse=True)
def rest(request: pytest.FixtureRequest) -> Iterator[None]:
    """Has the members stand still after the last test that needs them: the others take longer than these."""
    item = request.node
    if not _needs_members(item) or item is not next(filter(_needs_members, reversed(request.session.items))):
        yield
        return
    planes = request.getfixturevalue("control_planes")
    yield
    planes.suspend()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def members(control_planes: ControlPlanes) -> dict[str, Member]:
    """Three members by name, without controllers: objects are stored and served, and nothing acts on them."""
    started = await asyncio.gather(*(control_planes.start(name) for name in NAMES))
    return {member.name: member for member in started}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def oslo(control_planes: ControlPlanes) -> Member:
    """A member on which Pods become ready and Jobs end."""
    return await control_planes.start("oslo", controllers=True, ready_pods=True)
