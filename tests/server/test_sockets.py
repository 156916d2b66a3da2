"""WebSocket messages that are not right: each ends the connection with a code and words; limits of what is at once;
connections that end in the midst of an answer."""

import logging
import socket as sockets
import struct
from contextlib import AsyncExitStack

import httpx2
import orjson
import pytest
from websockets.asyncio.client import connect

from tests.live.client import PROTOCOL, followed_by, socket
from tests.live.serving import served
from tests.pools import fill
from tests.resolvers.engine.test_limits import NewStack
from tests.stack import TOKEN, Stack, eventually

BAD: list[str | bytes] = [
    "{",
    "5",
    "[]",
    "[" * 50_000,
    "[" * 900 + "]" * 900,
    "{}",
    '{"type": {}}',
    orjson.dumps({"type": "x" * 1000}).decode(),
    b"\x00\xff",
    '{"type": "subscribe", "id": [], "payload": {"query": "{ version }"}}',
    '{"type": "complete"}',
    '{"type": "subscribe", "id": "1"}',
    '{"type": "subscribe", "id": "1", "payload": []}',
    '{"type": "subscribe", "id": "1", "payload": {"query": {}}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "", "variables": []}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "", "operationName": 1}}',
]


async def test_an_invalid_message_ends_the_connection_with_a_reason(quiet: Stack) -> None:
    async with served(quiet) as url:
        for message in BAD:
            async with socket(url) as opened:
                await opened.connection.send(message)
                await opened.connection.wait_closed()
                assert opened.connection.close_code == 4400, message[:80]
                assert opened.connection.close_reason, message[:80]


async def test_an_invalid_payload_ends_the_connection_during_its_initialization(quiet: Stack) -> None:
    async with served(quiet) as url:
        for payload in ("[]", '"x"', "5"):
            address = url.replace("http", "ws", 1) + "/graphql"
            async with connect(address, subprotocols=[PROTOCOL]) as connection:  # type: ignore[list-item]
                await connection.send(f'{{"type": "connection_init", "payload": {payload}}}')
                await connection.wait_closed()
                assert connection.close_code == 4400


async def test_the_size_of_messages_is_limited_for_all_senders(quiet: Stack) -> None:
    async with served(quiet) as url, socket(url) as opened:
        await opened.connection.send(orjson.dumps({"type": "ping", "payload": {"text": "x" * 65_000}}).decode())
        assert await (await opened.subscribe("{ viewer { name } }")).next() == {"name": "admin"}
        await opened.connection.send(orjson.dumps({"type": "ping", "payload": {"text": "x" * 2**16}}).decode())
        await opened.connection.wait_closed()
        assert opened.connection.close_code == 1009


async def test_a_message_that_takes_long_to_parse_waits_for_its_turn(
    quiet: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(quiet) as url, socket(url) as opened:
        assert await (await opened.subscribe("{ viewer { name } }")).next() == {"name": "admin"}
        fill(monkeypatch, "parsing")
        assert await (await opened.subscribe("{ viewer { name } }")).next() == {"name": "admin"}
        await opened.subscribe("{ viewer { name } }", more="x" * 2**14)
        await opened.connection.wait_closed()
        assert opened.connection.close_code == 4400
        assert opened.connection.close_reason == "Too many requests are waiting. Try again in a moment."


async def test_an_invalid_operation_is_refused_and_the_connection_stays_open(quiet: Stack) -> None:
    async with served(quiet) as url, socket(url) as opened:
        for query, code in (("{", "syntax"), ("{a" * 3000, "query_too_deep"), ("{" + " a" * 6000, "query_too_long")):
            (error,) = await (await opened.subscribe(query)).next()
            assert error["extensions"] == {"code": code}
        for query in ("", "{ nothing }", "fragment F on Query { version }"):
            (error,) = await (await opened.subscribe(query)).next()
            assert error.get("extensions", {}).get("code") in (None, "bad_request")
        assert (await (await opened.subscribe("{ viewer { name } }")).next()) == {"name": "admin"}


async def test_concurrent_operations_of_a_socket_are_limited(new_stack: NewStack) -> None:
    async with new_stack(working=False, socket_operations=2) as stack, served(stack) as url, socket(url) as opened:
        first = await opened.subscribe("subscription { events { at } }")
        await opened.subscribe("subscription { events { at } }")
        (error,) = await (await opened.subscribe("{ version }")).next()
        assert error["extensions"] == {"code": "too_many_operations"}
        await opened.end(first)
        await eventually(lambda: followed_by(stack, 1))
        assert await (await opened.subscribe("{ viewer { name } }")).next() == {"name": "admin"}


async def test_subscriptions_of_a_user_are_limited_across_connections(new_stack: NewStack) -> None:
    async with new_stack(working=False, user_subscriptions=2) as stack, served(stack) as url:
        stream = {"Accept": "text/event-stream", "Authorization": f"Bearer {TOKEN}"}
        body = {"query": "subscription { events { at } }"}
        async with socket(url) as one, httpx2.AsyncClient() as client:
            first = await one.subscribe("subscription { events { at } }")
            async with client.stream("POST", f"{url}/graphql", json=body, headers=stream):
                await eventually(lambda: followed_by(stack, 2))
                async with socket(url) as other:
                    (error,) = await (await other.subscribe("subscription { events { at } }")).next()
                    assert error["extensions"] == {"code": "too_many_subscriptions"}
                    assert await (await other.subscribe("{ viewer { name } }")).next() == {"name": "admin"}
            await one.end(first)
            await eventually(lambda: followed_by(stack, 0))
            told = await one.subscribe("subscription { clusters { id } }")
            await eventually(lambda: followed_by(stack, 1))
            assert told.told.empty()


async def test_an_organization_has_a_share_of_the_subscriptions_of_a_process(new_stack: NewStack) -> None:
    query = 'subscription { events(organization: "%s") { at } }'
    async with new_stack(working=False, subscriptions=4, organization_share=75) as stack, served(stack) as url:
        await stack.mutate("createOrganization", "__typename", name="other")
        async with socket(url) as opened:
            first, *_ = [await opened.subscribe(query % "default") for _ in range(3)]
            await eventually(lambda: followed_by(stack, 3))
            (error,) = await (await opened.subscribe(query % "default")).next()
            assert error["extensions"] == {"code": "too_many_subscriptions", "path": []}
            await opened.subscribe(query % "other")
            await eventually(lambda: followed_by(stack, 4))
            await opened.end(first)
            await eventually(lambda: followed_by(stack, 3))
            await opened.subscribe(query % "default")
            await eventually(lambda: followed_by(stack, 4))


LARGE = "{ __schema { types { name description fields { name description args { name description } } } } }"
RESET = struct.pack("ii", 1, 0)  # a connection that is closed is cut off, whatever is still on its way


@pytest.mark.parametrize("ended_by", ["the client", "us"])
async def test_a_connection_that_ends_while_much_is_being_sent_is_no_error(
    quiet: Stack, caplog: pytest.LogCaptureFixture, ended_by: str
) -> None:
    async with AsyncExitStack() as server:
        url = await server.enter_async_context(served(quiet))
        async with socket(url) as opened:
            await opened.subscribe("subscription { events { at } }")
            await eventually(lambda: followed_by(quiet, 1))
            answers = [await opened.subscribe(LARGE) for _ in range(60)]
            await answers[0].next()
            if ended_by == "us":
                await server.aclose()
            else:
                raw = opened.connection.transport.get_extra_info("socket")
                raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, RESET)
                opened.connection.transport.abort()
            await eventually(lambda: followed_by(quiet, 0))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
