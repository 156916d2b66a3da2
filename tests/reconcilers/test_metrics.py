"""The metrics of workers and observers that run on their own."""

import socket
from typing import Any

import httpx2
import pytest

from tests.live.processes import process
from tests.stack import Stack, eventually


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("part", "metric"), [("worker", "polyhelm_waiting_targets"), ("observer", "polyhelm_watched_members")]
)
async def test_a_part_on_its_own_serves_its_metrics(quiet: Stack, part: str, metric: str) -> None:
    port = free_port()

    async def served() -> Any:
        try:
            async with httpx2.AsyncClient() as client:
                return (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        except httpx2.ConnectError:
            return None

    async with process(quiet, part, metrics_port=port):
        assert f"\n{metric} 0.0\n" in await eventually(served)


async def test_a_port_that_is_taken_ends_the_part_with_what_to_do(quiet: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with process(quiet, "worker", metrics_port=port) as worker:
            assert await worker.wait() == 2
