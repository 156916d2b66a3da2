"""HAProxy in front of a server, with the configuration that Polyhelm ships. It is Debian's package `haproxy`."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from benchmarks.server import Server, ServerError
from tests.kubernetes.process import HOST, Port, dying_with_parent

_CONFIGURATION = Path(__file__).parent.parent / "docker" / "haproxy.cfg"
_START_SECONDS = 30.0


@asynccontextmanager
async def haproxy(server: Server) -> AsyncIterator[Server]:
    """The same server, asked through HAProxy, whose CPU time counts as the server's.

    Raises:
        ServerError: HAProxy is not installed, or does not start.
    """
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        raise ServerError("HAProxy is missing: apt-get install haproxy")
    port = Port()
    port.close()
    environment = os.environ | {
        "POLYHELM_BIND": f"{HOST}:{port.number}",
        "POLYHELM_API": urlsplit(server.url).netloc,
    }
    command = [*dying_with_parent("KILL"), program, "-db", "-f", str(_CONFIGURATION)]
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    url = f"http://{HOST}:{port.number}"
    try:
        async with httpx2.AsyncClient(base_url=url, headers=server.client.headers, timeout=60) as client:
            await _ready(client)
            yield replace(server, url=url, client=client, roots=[*server.roots, process.pid])
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ready(client: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            with suppress(httpx2.TransportError):
                if (await client.get("/healthz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
