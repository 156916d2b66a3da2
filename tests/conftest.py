"""What all tests share: a Postgres, a Redis, simulated and real members, and a Polyhelm on top of them."""

import gc
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

from app.core import migrations
from app.core.settings import Settings
from app.program.embedded import embedded
from simulator import Member, Simulator
from tests.engines import sharing_engine_for
from tests.hostile.requests import Request, noting, unknown
from tests.kubernetes.fixtures import control_planes, helm, members, node_programs, oslo, programs, rest
from tests.outages import TEMPLATE
from tests.stack import Stack, fresh_database, open_stack, trust_the_machine

__all__ = ["control_planes", "helm", "members", "node_programs", "oslo", "programs", "rest"]

# Tests that are started in the background ignore Ctrl-C, and so does all that they start; some of that is to end by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("polyhelm", deadline=None, derandomize=bool(os.environ.get("CI")), max_examples=100)
settings.load_profile("polyhelm")


LONGEST_NAME = 60
ENOUGH_MEMORY = 2 * 2**30  # bytes


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--seed", type=int, default=secrets.randbelow(10**6), help="what tests choose at random depends on"
    )
    parser.addoption(
        "--matrix",
        metavar="TEXT",
        help="cells of tests/faults/test_matrix.py with this in their name, where * is anything",
    )


def pytest_make_parametrize_id(val: object) -> str | None:
    """A long text names its test by how it begins: whole, it would not fit into the environment of what a test starts,
    and some hold keys that each process makes for itself."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_NAME:
        return f"{val[:LONGEST_NAME]!r}…"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that have to stay together come first: begun last, they would run for minutes while the other worker has
    nothing left to do."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


def pytest_collection_finish() -> None:
    """Modules stay until the end. Garbage collections that go through them again and again would take a large part of
    the CPU time of all tests; the programs do the same (`app/program/processes.py`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 5, 400)


@pytest.fixture(scope="session", autouse=True)
def _engines_share() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.core.database.engine_for", sharing_engine_for)
        yield


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers() -> AsyncIterator[Settings]:
    """A Postgres that holds a migrated template database, and a Redis; for all tests of this process.

    Not below pytest's own folder: as root, Postgres runs as another user, and pytest shuts others out of its folder.
    """
    folder = tempfile.mkdtemp(prefix="polyhelm-tests-", dir=_memory())
    try:
        async with embedded(Settings(data_dir=Path(folder))) as running:
            assert running.database_url is not None
            await trust_the_machine(running.database_url)
            url = await fresh_database(running.database_url, TEMPLATE)
            await migrations.migrate(url)
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    """A folder in the machine's memory, where it has one with room: each test makes a database, and a disk is far
    slower at so many small files."""
    folder = Path("/dev/shm")
    has_room = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ENOUGH_MEMORY
    return folder if has_room else None


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def simulator() -> AsyncIterator[Simulator]:
    """Every request of ours to one of its members has to be of a kind that is tried with hostile answers, too."""
    asked: set[Request] = set()
    with pytest.MonkeyPatch.context() as patch:
        running = Simulator()
        patch.setattr(running, "_handle", noting(asked, running._handle))
        async with running:
            yield running
    assert unknown(asked) == [], "tests/hostile/requests.py lists no such kind of request"


@pytest.fixture
def simulated(simulator: Simulator, request: pytest.FixtureRequest) -> Callable[[str], Member]:
    """Adds a simulated member; the name is made unique, so that no two tests share one."""

    def add(name: str) -> Member:
        return simulator.add(f"{name}-{abs(hash(request.node.nodeid)) % 10**8}")

    return add


@pytest.fixture
def new_stack(servers: Settings, tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Stack]]:
    """Opens a Polyhelm on a database of its own; settings can be changed by name, `working=False` leaves out worker and
    observer, `users=False` the admin."""

    def new(*, working: bool = True, users: bool = True, **changed: object) -> AbstractAsyncContextManager[Stack]:
        return open_stack(servers, TEMPLATE, tmp_path, working=working, users=users, **changed)

    return new


@pytest_asyncio.fixture(loop_scope="session")
async def stack(new_stack: Callable[..., AbstractAsyncContextManager[Stack]]) -> AsyncIterator[Stack]:
    """A Polyhelm with API, worker and observer, and an admin who is signed in."""
    async with new_stack() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def quiet(new_stack: Callable[..., AbstractAsyncContextManager[Stack]]) -> AsyncIterator[Stack]:
    """A Polyhelm with the API alone: nothing happens but what is asked for."""
    async with new_stack(working=False) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(servers: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The same as `quiet`, once for all tests of a module: for those that change nothing."""
    async with open_stack(servers, TEMPLATE, tmp_path_factory.mktemp("shared"), working=False) as opened:
        yield opened
