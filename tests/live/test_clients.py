"""The clients that users have, from npm, on an API that goes away and comes back."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from sqlmodel import select

from app.tables.identity import Organization
from tests.forks import Fork
from tests.happenings import Happening
from tests.live.node import CLIENTS, clients, with_node
from tests.live.processes import process
from tests.stack import TOKEN, Stack, eventually


@asynccontextmanager
async def api(stack: Stack, port: int) -> AsyncIterator[Fork]:
    """An API process that answers."""
    async with process(stack, "api", "--port", str(port)) as started, httpx2.AsyncClient() as client:

        async def answers() -> bool:
            assert started.returncode is None
            try:
                return (await client.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
            except httpx2.TransportError:
                return False

        await eventually(answers)
        yield started


class Client:
    """`resume.mjs`, with what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def told(self, count: int) -> list[str]:
        """The next events' messages."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            return [json.loads(await self._process.stdout.readline())["message"] for _ in range(count)]


@asynccontextmanager
async def subscribed(protocol: str, url: str, after: str) -> AsyncIterator[Client]:
    command = with_node("node", "--input-type=module", "-", protocol, url, TOKEN, after)
    with (CLIENTS / "resume.mjs").open() as script:
        started = await asyncio.create_subprocess_exec(
            *command, cwd=clients(), stdin=script, stdout=asyncio.subprocess.PIPE
        )
    try:
        yield Client(started)
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def happen(stack: Stack, *names: str) -> None:
    """Events with these messages, each in a transaction of its own."""
    ((organization_id,),) = await stack.services.database.rows(select(Organization.id))
    for name in names:
        async with stack.services.transaction() as transaction:
            transaction.record(Happening.TEST, name, organization_id=organization_id)


@pytest.mark.parametrize("protocol", ["graphql-ws", "graphql-sse"])
async def test_a_client_resumes_events_when_the_api_is_back_with_none_left_out_and_none_twice(
    quiet: Stack, protocol: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    await happen(quiet, "the first")
    (first,) = (await quiet.data("{ events(first: 1) { nodes { cursor } } }"))["events"]["nodes"]
    async with subscribed(protocol, f"http://127.0.0.1:{port}/graphql", first["cursor"]) as client:
        for end in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
            await happen(quiet, "while it was away", "and another")
            async with api(quiet, port) as started:
                assert await client.told(2) == ["while it was away", "and another"]
                await happen(quiet, "while it is there")
                assert await client.told(1) == ["while it is there"]
                started.send_signal(end)
                await started.wait()
