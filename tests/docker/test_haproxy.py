"""The API behind HAProxy, with the configuration that is shipped for it."""

import asyncio
import os
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio

from tests.docker.haproxy import HaproxyMissingError, haproxy
from tests.live.client import followed_by, socket
from tests.live.serving import served
from tests.stack import TOKEN, Stack, eventually

SIGNED_IN = {"Authorization": f"Bearer {TOKEN}"}
SLOW_HEAD_SECONDS = 10


@pytest_asyncio.fixture(loop_scope="session")
async def url(stack: Stack) -> AsyncIterator[str]:
    """The address of the proxy."""
    try:
        async with served(stack) as api, haproxy(api) as proxy:
            yield proxy.url
    except HaproxyMissingError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


async def test_requests_and_subscriptions_pass_with_the_address_of_their_client(stack: Stack, url: str) -> None:
    transport = httpx2.AsyncHTTPTransport(local_address="127.0.0.7")
    async with (
        httpx2.AsyncClient(base_url=url, headers=SIGNED_IN, transport=transport) as client,
        socket(url) as opened,
    ):
        events = await opened.subscribe("subscription { events { kind origin { address } } }")
        await eventually(lambda: followed_by(stack, 1))
        mutation = 'mutation { createClusterGroup(input: {name: "fleet", members: []}) { __typename } }'
        answer = (await client.post("/graphql", json={"query": mutation})).json()
        assert answer["data"] == {"createClusterGroup": {"__typename": "ClusterGroupPayload"}}
        told = await events.until(kind="cluster_group.created")
        assert told["origin"] == {"address": "127.0.0.7"}


async def test_server_sent_events_arrive_one_by_one(stack: Stack, url: str) -> None:
    headers = SIGNED_IN | {"Accept": "text/event-stream"}
    query = {"query": "subscription { events { kind } }"}
    async with (
        httpx2.AsyncClient(base_url=url, headers=headers, timeout=120) as client,
        client.stream("POST", "/graphql", json=query) as response,
    ):
        await eventually(lambda: followed_by(stack, 1))
        await stack.group("fleet", [])
        async for line in response.aiter_lines():
            if line.startswith("data:"):
                assert line == 'data: {"data":{"events":{"kind":"cluster_group.created"}}}'
                break


async def test_metrics_are_not_shown_and_a_forged_header_for_tls_is_removed(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url) as client:
        assert (await client.get("/metrics")).status_code == 404
        assert (await client.get("/readyz", headers={"X-Forwarded-Proto": "https"})).status_code == 200
        page = await client.get("/", headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" not in page.headers


async def test_the_proxy_answers_a_request_head_that_does_not_end(url: str) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    began = asyncio.get_running_loop().time()
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: polyhelm\r\nX-Slow: ")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert asyncio.get_running_loop().time() - began >= SLOW_HEAD_SECONDS
