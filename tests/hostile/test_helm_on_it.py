"""Helm on a hostile API server: whatever it is answered ends in an error of that release, or does no harm."""

import asyncio
import logging
import random
import re
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.errors import ActionError
from app.helm.binary import find_helm
from app.helm.command import Helm, Options, Place
from app.helm.endpoint import Endpoint
from app.helm.ledger import Ledger
from app.helm.slots import HelmSlots
from app.sandbox.limits import Limits
from simulator import Member
from tests.helm.places import Open
from tests.hostile.answers import CONTENT, TRANSPORT, Hostile
from tests.hostile.api_server import HostileApiServer
from tests.sample_charts import archive, chart_files

MOST_MEMORY = 100 * 2**20
SILENCE, ENDLESS = 1.0, 1.5  # seconds
REQUESTS: dict[str, tuple[str, str]] = {
    "discovery": ("GET", r"/apis?"),
    "discovery of a group": ("GET", r"/apis?/.*"),
    "OpenAPI": ("GET", r"/openapi/v[23]"),
    "version": ("GET", r"/version"),
    "list of records": ("GET", r"/api/v1/namespaces/default/secrets"),
    "record": ("GET", r"/api/v1/namespaces/default/secrets/.+"),
    "creation of a record": ("POST", r"/api/v1/namespaces/default/secrets"),
    "update of a record": ("PUT", r"/api/v1/namespaces/default/secrets/.+"),
    "object": ("GET", r"/api/v1/namespaces/default/configmaps/.+"),
    "creation of an object": ("POST", r"/api/v1/namespaces/default/configmaps"),
}
"""Helm's own requests in an install."""
RUNS = 2


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    return Helm(find_helm(None), tmp_path / "cache", Limits(memory=2**30, cpu=60), HelmSlots(4, 100, 100))


async def test_invalid_answers_end_a_request_of_helm_in_bounded_time_and_memory(
    simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.helm.endpoint.ANSWER_SECONDS", 0.7)
    paris = simulated("paris")

    async def asked(name: str, hostile: Hostile) -> str | None:
        async with (
            few,
            HostileApiServer(paris.kubeconfig) as server,
            server.member(timeout=5, uid=None) as member,
            Endpoint(member, Open(), Ledger()) as endpoint,
        ):
            server.spoil(lambda method, path, query: path == "/version", hostile)
            return name if await is_endless(endpoint) else None

    few = asyncio.Semaphore(4)
    tracemalloc.start()
    endless = set(await asyncio.gather(*(asked(*each) for each in TRANSPORT.items()))) - {None}
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # What is a right answer as far as it goes is passed on for as long as Helm wants it, which has a limit of its own.
    assert endless <= {"a body without end", "a watch without end", "a drip"}
    assert most < MOST_MEMORY
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def is_endless(endpoint: Endpoint) -> bool:
    """Whether it is answered something for ever."""
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    head = f"GET http://cluster/version HTTP/1.1\r\nProxy-Authorization: {endpoint.authorization}\r\n\r\n"
    writer.write(head.encode())
    ends_at = time.monotonic() + ENDLESS
    try:
        while time.monotonic() < ends_at:
            async with asyncio.timeout(SILENCE):
                if not await reader.read(2**16):
                    return False
    except TimeoutError:
        return False  # an answer that came whole
    finally:
        writer.transport.abort()
    return True


async def test_whatever_helm_is_answered_ends_in_an_error_of_the_release(
    simulated: Callable[[str], Member],
    helm: Helm,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Pairs of requests and answers: always the same ones, and as many that depend on `--seed`."""
    chart = tmp_path / "web.tgz"
    chart.write_bytes(archive(chart_files()))
    pairs = [(request, name) for request in REQUESTS for name in CONTENT]
    chosen = random.Random(0).sample(pairs, RUNS)
    chosen += random.Random(pytestconfig.getoption("seed")).sample(pairs, RUNS)

    async def install(number: int, request: str, name: str) -> str | None:
        expected, pattern = REQUESTS[request]
        async with HostileApiServer(simulated(f"paris-{number}").kubeconfig) as server:
            server.spoil(lambda method, path, query: method == expected and matches(pattern, path), CONTENT[name])
            async with server.member(timeout=10, uid=None) as member:
                place = Place(1, 1, member, "default", f"web-{number}", Open())
                try:
                    await helm.deploy(place, chart, {}, Options(timeout_seconds=5), exists=False)
                except ActionError as error:
                    return f"{error.message}{error.output or ''}"
                return None

    said = await asyncio.gather(*(install(number, *pair) for number, pair in enumerate(chosen)))
    assert [pair for pair, words in zip(chosen, said, strict=True) if words and "\0" in words] == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def matches(pattern: str, path: str) -> bool:
    return re.fullmatch(pattern, path) is not None
