"""Connections that say nothing, or too little, or too much: each is ended, and others are served meanwhile."""

import asyncio
import json
import socket as socketlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import httpx2
import pytest
from graphql import get_introspection_query
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from app.server.connections import Slots
from tests.live.client import PROTOCOL, socket
from tests.live.serving import served
from tests.resolvers.engine.test_limits import NewStack
from tests.stack import TOKEN, Stack, eventually

HEAD = b"POST /graphql HTTP/1.1\r\nHost: polyhelm\r\nContent-Type: application/json\r\n"
SIGNED_IN = f"Authorization: Bearer {TOKEN}\r\n".encode()
ENDS_SECONDS = 180.0
UVICORN_IDLE_SECONDS = 5  # its default


async def dialled(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def said_to(url: str, *pieces: bytes) -> bytes:
    """All that is answered to these pieces, until the connection is ended from there."""
    reader, writer = await dialled(url)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(ENDS_SECONDS):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "said", [b"", b"PO", HEAD, b"GET /healthz HTTP/1.1\r\nHost: polyhelm\r\nConnection: keep-alive\r\nX"]
)
async def test_a_head_that_does_not_come_to_its_end_ends_the_connection(new_stack: NewStack, said: bytes) -> None:
    async with new_stack(working=False, request_timeout=0.3) as stack, served(stack) as url:
        assert await said_to(url, said) == b""


async def test_the_head_of_a_second_request_has_no_more_time_than_that_of_the_first(new_stack: NewStack) -> None:
    async with new_stack(working=False, request_timeout=0.3) as stack, served(stack) as url:
        answered = await said_to(
            url, b"GET /healthz HTTP/1.1\r\nHost: polyhelm\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHo"
        )
        assert answered.count(b"200 OK") == 1


async def test_a_connection_is_still_open_after_the_pause_that_a_proxy_makes_between_requests(quiet: Stack) -> None:
    asks = b"GET /healthz HTTP/1.1\r\nHost: polyhelm\r\n\r\n"
    async with served(quiet) as url:
        reader, writer = await dialled(url)
        async with asyncio.timeout(ENDS_SECONDS):
            for pause in (0, UVICORN_IDLE_SECONDS + 1):
                await asyncio.sleep(pause)
                writer.write(asks)
                assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200 OK")
        writer.close()


async def test_a_head_without_end_is_not_remembered(quiet: Stack) -> None:
    async with served(quiet) as url:
        assert b"200" not in await said_to(url, HEAD, *[b"X-More: " + b"x" * 8000 + b"\r\n"] * 20)


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"


ENDLESS = {
    "trailers": b"0\r\n" + b"X-More: x\r\n" * 50_000,
    "name": b"0\r\n" + b"X" * 500_000,
    "chunk": b"2;" + b"x" * 500_000,
}


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS)
async def test_bytes_beside_a_body_are_not_buffered(quiet: Stack, endless: bytes) -> None:
    async with served(quiet) as url:
        assert await said_to(url, CHUNKED, endless, b"\r\n\r\n") == b""


async def test_chunk_extensions_and_trailers_are_not_part_of_the_request(quiet: Stack) -> None:
    async with served(quiet) as url:
        start = HEAD + SIGNED_IN + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunks = b'15;a=b\r\n{"query":"{ version }\r\n2;c\r\n"}\r\n0\r\nX-Checksum: 1\r\n\r\n'
        answered = await said_to(url, start, chunks)
        assert answered.startswith(b"HTTP/1.1 200 ")
        assert b'"data":{"version":' in answered


HEALTHY = b"GET /healthz HTTP/1.1\r\nHost: polyhelm\r\n\r\n"


async def test_a_few_requests_may_wait_for_the_answer_to_the_one_before_and_not_thousands(quiet: Stack) -> None:
    async with served(quiet) as url:
        last = b"GET /healthz HTTP/1.1\r\nHost: polyhelm\r\nConnection: close\r\n\r\n"
        assert (await said_to(url, HEALTHY * 10 + last)).count(b"200 OK") == 11
        assert (await said_to(url, HEALTHY * 5_000)).count(b"200 OK") < 5_000


@pytest.mark.parametrize(("said", "more"), [(b"", b"\r\n"), (b"Content-Length: 3\r\n", b"abc")])
async def test_bytes_that_begin_no_request_do_not_keep_a_connection_open(
    new_stack: NewStack, said: bytes, more: bytes
) -> None:
    async with new_stack(working=False, request_timeout=0.3) as stack, served(stack) as url:
        reader, writer = await dialled(url)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: polyhelm\r\n" + said + b"\r\n")
        assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200 ")
        writer.write(more)
        async with asyncio.timeout(ENDS_SECONDS):
            with suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()


async def test_a_body_that_comes_too_slowly_is_answered_and_ends_the_connection(new_stack: NewStack) -> None:
    async with new_stack(working=False, request_timeout=0.3) as stack, served(stack) as url:
        answered = await said_to(url, HEAD + SIGNED_IN + b"Content-Length: 1000\r\n\r\n{")
        assert answered.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"too_slow"' in answered


async def test_the_body_of_a_refused_request_is_not_read_completely(new_stack: NewStack) -> None:
    async with new_stack(working=False, rate=0.001, rate_burst=1) as stack, served(stack) as url:
        endless = HEAD + SIGNED_IN + b"Content-Length: 20000000\r\n\r\n{"
        assert (await stack.ask("{ version }")).get("errors") is None
        assert (await said_to(url, endless)).startswith(b"HTTP/1.1 429 ")


async def test_a_client_that_reads_only_after_sending_gets_an_early_answer(quiet: Stack) -> None:
    async with served(quiet) as url:
        answered = await said_to(url, HEAD + SIGNED_IN + b"Content-Length: 40000000\r\n\r\n", *[b" " * 4_000_000] * 10)
        assert answered.startswith(b"HTTP/1.1 413 ")
        assert answered.count(b"HTTP/1.1") == 1
        assert b'"code":"body_too_large"' in answered


async def test_a_refused_body_has_no_more_time_than_a_request_head(new_stack: NewStack) -> None:
    changed = {"rate": 0.001, "rate_burst": 1, "request_timeout": 0.5}
    async with new_stack(working=False, **changed) as stack, served(stack) as url:
        assert (await stack.ask("{ version }")).get("errors") is None
        reader, writer = await dialled(url)
        writer.write(HEAD + SIGNED_IN + b"Content-Length: 1000\r\n\r\n{")
        answer = await reader.readuntil(b"}]}")
        assert answer.startswith(b"HTTP/1.1 429 ")
        async with asyncio.timeout(ENDS_SECONDS):
            with suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(b" ")
                    await asyncio.sleep(0.1)
        writer.close()


async def test_a_client_that_does_not_read_its_answer_loses_the_connection(new_stack: NewStack) -> None:
    asked = json.dumps({"query": get_introspection_query()}).encode()
    request = HEAD + SIGNED_IN + b"Content-Length: %d\r\n\r\n" % len(asked) + asked
    async with new_stack(working=False, connections=1, request_timeout=0.3) as stack, served(stack) as url:
        with socketlib.socket() as client:
            client.setsockopt(socketlib.SOL_SOCKET, socketlib.SO_RCVBUF, 2048)
            client.connect((urlsplit(url).hostname, urlsplit(url).port))
            client.sendall(request * 16)
            assert await eventually(lambda: answered(url))


async def answered(url: str) -> bool:
    async with httpx2.AsyncClient() as client:
        try:
            return (await client.get(f"{url}/healthz")).text == "ok\n"
        except httpx2.TransportError:
            return False


async def test_connections_are_limited_and_each_that_ends_frees_a_slot(new_stack: NewStack) -> None:
    async with new_stack(working=False, connections=3) as stack, served(stack) as url:
        opened = [await dialled(url) for _ in range(3)]

        async def refused() -> bool:
            return not await answered(url)

        assert await eventually(refused)
        for _, writer in opened:
            writer.close()
            await writer.wait_closed()
        assert await eventually(lambda: answered(url))


async def test_a_websocket_counts_as_one_connection_from_its_beginning_to_its_end(new_stack: NewStack) -> None:
    async with new_stack(working=False, connections=2) as stack, served(stack) as url:
        for _ in range(5):
            async with socket(url) as opened:
                assert await (await opened.subscribe("{ viewer { name } }")).next() == {"name": "admin"}


@asynccontextmanager
async def silent(url: str) -> AsyncIterator[ClientConnection]:
    """A WebSocket that does not say who it is."""
    address = url.replace("http", "ws", 1) + "/graphql"
    async with connect(address, subprotocols=[PROTOCOL]) as connection:  # type: ignore[list-item]
        yield connection


async def is_let_in(url: str) -> bool:
    try:
        async with socket(url):
            return True
    except InvalidStatus as refused:
        return refused.response.status_code != 503


async def test_unauthenticated_sockets_are_limited(new_stack: NewStack) -> None:
    async with new_stack(working=False, address_waiting_sockets=2) as stack, served(stack) as url:
        async with socket(url), socket(url), silent(url), silent(url):
            assert not await is_let_in(url)
        assert await eventually(lambda: is_let_in(url))


async def test_an_unauthenticated_socket_is_closed_and_frees_its_slot(new_stack: NewStack) -> None:
    changed = {"address_waiting_sockets": 1, "init_timeout": 0.2}
    async with new_stack(working=False, **changed) as stack, served(stack) as url, silent(url) as connection:
        await connection.wait_closed()
        assert connection.close_code == 4408
        assert await eventually(lambda: is_let_in(url))


async def test_thousands_of_frames_are_parsed_in_pieces(quiet: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = list[int]()
    taken_apart = WebSocketsSansIOProtocol.data_received

    def noted(connection: WebSocketsSansIOProtocol, data: bytes) -> None:
        pieces.append(len(data))
        taken_apart(connection, data)

    monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", noted)
    async with served(quiet) as url:
        reader, writer = await dialled(url)
        upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        upgrade += (
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )
        writer.write(b"GET /graphql HTTP/1.1\r\nHost: polyhelm\r\n" + upgrade)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        pieces.clear()
        writer.write(b"\x89\x80\0\0\0\0" * 20_000 + b"\x89\x84\0\0\0\0last")
        async with asyncio.timeout(ENDS_SECONDS):
            assert await reader.readuntil(b"\x8a\x04last") == b"\x8a\x00" * 20_000 + b"\x8a\x04last"
        writer.close()
    assert sum(pieces) == 120_010
    assert max(pieces) <= 8192


async def test_a_message_in_many_parts_is_one_however_many_of_them_are_empty(quiet: Stack) -> None:
    async with served(quiet) as url, silent(url) as connection:
        await connection.send(["", '{"type":', "", *[""] * 2_000, '"ping"}', ""])
        async with asyncio.timeout(ENDS_SECONDS):
            assert await connection.recv() == '{"type":"pong"}'


def test_slots_are_given_back_once() -> None:
    slots = Slots(3, most_of_one=2)
    first, second = slots.take("192.0.2.1"), slots.take("192.0.2.1")
    assert first and second
    assert slots.take("192.0.2.1") is None
    assert slots.take("192.0.2.2") is not None
    assert slots.take("192.0.2.3") is None
    first()
    first()
    assert slots.taken == 2
    assert slots.take("192.0.2.1") is not None


def test_addresses_with_many_slots_leave_some_to_addresses_with_few() -> None:
    slots = Slots(200, most_of_one=150)
    assert sum(slots.take(address) is not None for address in ("192.0.2.1", "192.0.2.2") for _ in range(150)) == 180
    assert sum(slots.take("192.0.2.3") is not None for _ in range(150)) == 20
    assert slots.taken == 200
