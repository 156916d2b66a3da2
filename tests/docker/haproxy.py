"""HAProxy with the configuration that Polyhelm ships. It is Debian's package `haproxy`."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tests.kubernetes.process import HOST, Port, dying_with_parent

CONFIGURATION = Path(__file__).parents[2] / "docker" / "haproxy.cfg"
_START_SECONDS = 120.0


class HaproxyMissingError(Exception):
    """The program is not installed."""


@dataclass(frozen=True)
class Haproxy:
    url: str
    pid: int


@asynccontextmanager
async def haproxy(api: str) -> AsyncIterator[Haproxy]:
    """In front of the API at this URL, until the block ends.

    Raises:
        HaproxyMissingError: It is not installed.
    """
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        raise HaproxyMissingError("HAProxy is missing: apt-get install haproxy")
    port = Port()
    port.close()
    environment = os.environ | {"POLYHELM_BIND": f"{HOST}:{port.number}", "POLYHELM_API": urlsplit(api).netloc}
    command = [*dying_with_parent("KILL"), program, "-db", "-f", str(CONFIGURATION)]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    url = f"http://{HOST}:{port.number}"
    try:
        await _ready(url)
        yield Haproxy(url, process.pid)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ready(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url) as client, asyncio.timeout(_START_SECONDS):
        while True:
            with suppress(httpx2.TransportError):
                if (await client.get("/healthz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
