"""Each request has an id and an address, which answers, logs and events contain."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx2
import pytest
import structlog
from sqlalchemy import text

from tests.identity.asking import asked
from tests.live.serving import served
from tests.stack import TOKEN, Stack


@pytest.mark.parametrize("brought", ["", "a" * 101, "with space", "new\tline", "ümlaut", "-dash"])
async def test_an_invalid_request_id_is_replaced_and_every_answer_has_one(shared: Stack, brought: str) -> None:
    answer = await shared.client.get("/healthz", headers=[(b"X-Request-Id", brought.encode())])
    assert answer.headers["X-Request-Id"] != brought
    assert len(answer.headers["X-Request-Id"]) == 32
    answer = await shared.client.get("/healthz", headers={"X-Request-Id": "trace/1:2"})
    assert answer.headers["X-Request-Id"] == "trace/1:2"


async def test_log_lines_of_a_request_have_its_id(quiet: Stack) -> None:
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(text("DROP TABLE group_feature"))
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await asked(quiet, "createClusterGroup", {"name": "edge", "members": []})
    (line,) = [line for line in lines if line["event"] == "graphql.failed"]
    assert line["request_id"] == "createClusterGroup"


@pytest.mark.parametrize(("trusted", "address"), [("127.0.0.1", "203.0.113.7"), ("203.0.113.0/24", "127.0.0.1")])
async def test_an_address_is_that_of_the_peer_unless_a_trusted_proxy_says_otherwise(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], trusted: str, address: str
) -> None:
    async with new_stack(working=False, trusted_proxies=trusted) as stack, served(stack) as url:
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
        mutation = 'mutation { createClusterGroup(input: {name: "edge", members: []}) { __typename } }'
        async with httpx2.AsyncClient(headers=headers) as client:
            await client.post(f"{url}/graphql", json={"query": mutation})
        query = "{ events(first: 1) { nodes { origin { address } } } }"
        assert (await stack.data(query))["events"]["nodes"] == [{"origin": {"address": address}}]
