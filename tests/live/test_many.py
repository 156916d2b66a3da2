"""A thousand subscribers that come and go, and one that does not listen."""

import asyncio
import gc
import json
import socket as sockets
import tracemalloc
from collections.abc import AsyncGenerator, Callable
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from sqlmodel import select
from websockets.asyncio.client import connect

from app.tables.identity import Organization
from simulator import Member
from tests.happenings import Happening
from tests.live import hands
from tests.live.client import PROTOCOL, Socket, Subscription, followed_by, socket
from tests.live.serving import Served
from tests.stack import TOKEN, Stack, eventually

ROUND = 200
ROUNDS = 4
SLACK = 2 * 2**20
"""Bytes by which memory may differ between rounds; a socket with its subscription takes some 50 KB."""

TARGETS = "subscription { targets { clusterName status revision } }"
EVENTS = "subscription { events { cursor } }"


async def over_websocket(url: str, query: str) -> Callable[[], None]:
    """Subscribes; gives what cuts it off."""
    address = url.replace("http", "ws", 1) + "/graphql"
    connection = await connect(address, subprotocols=[PROTOCOL])  # type: ignore[list-item]
    await connection.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {TOKEN}"}}))
    await connection.recv()
    await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
    return lambda: connection.transport.abort()  # which keeps the connection


async def over_server_sent_events(url: str, query: str) -> Callable[[], None]:
    """The same."""
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    body = json.dumps({"query": query}).encode()
    head = [
        "POST /graphql HTTP/1.1",
        "Host: polyhelm",
        f"Authorization: Bearer {TOKEN}",
        "Accept: text/event-stream",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    writer.write("\r\n".join([*head, "", ""]).encode() + body)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    return lambda: writer.transport.abort()


async def round_of(stack: Stack, url: str) -> None:
    """Opens subscriptions of both kinds, has them told of something, and cuts them off."""
    opening = [over_websocket, over_server_sent_events]
    cuts = [await opening[number % 2](url, (TARGETS, EVENTS)[number % 4 // 2]) for number in range(ROUND)]
    await eventually(lambda: followed_by(stack, ROUND))
    assert await subscriptions_to_redis(stack) == 1
    ((organization_id,),) = await stack.services.database.rows(select(Organization.id))
    async with stack.services.transaction() as transaction:
        transaction.record(Happening.TEST, "something to tell", organization_id=organization_id)
    for cut in cuts:
        cut()
    await eventually(lambda: followed_by(stack, 0))


async def subscriptions_to_redis(stack: Stack) -> int:
    redis: Redis = Redis.from_url(str(stack.services.settings.redis_url))
    try:
        return sum(count for _, count in await redis.pubsub_numsub("polyhelm:events"))
    finally:
        await redis.aclose()


def generators() -> int:
    """Of subscriptions, that have begun and not ended."""
    found = [each for each in gc.get_objects() if isinstance(each, AsyncGenerator)]
    return sum(each.ag_frame is not None for each in found if each.ag_code.co_filename.endswith("subscriptions.py"))  # type: ignore[attr-defined]


async def test_a_thousand_subscriptions_that_are_opened_and_cut_off_leave_nothing_behind(
    quiet: Stack, served: Served
) -> None:
    async with served(quiet) as url:
        most = len(asyncio.all_tasks()) + ROUND // 10  # some begin with the first of anything, and stay
        await round_of(quiet, url)  # which fills what is filled once
        await eventually(lambda: no_more_tasks_than(most))
        memory = []
        tracemalloc.start()
        try:
            for _ in range(ROUNDS):
                await round_of(quiet, url)
                await eventually(lambda: no_more_tasks_than(most))
                gc.collect()
                memory.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert generators() == 0
        assert await subscriptions_to_redis(quiet) == 0
        assert max(memory[1:]) - memory[0] < SLACK, memory


async def no_more_tasks_than(count: int) -> bool:
    return len(asyncio.all_tasks()) <= count


async def test_a_subscriber_that_does_not_read_gets_the_newest_state_and_slows_nobody(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    """What is told is large, so that it does not fit into the buffers on the way."""
    query = "subscription { targets { revision values } }"
    paris, changes = simulated("paris"), 20
    await stack.fleet({"paris": paris.kubeconfig})
    await stack.deployed(releaseName="shop")
    async with served(stack) as url, socket(url) as quick:
        address = urlsplit(url)
        raw = sockets.create_connection((address.hostname, address.port))
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 2**18)
        websocket = url.replace("http", "ws", 1) + "/graphql"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        options: dict[str, Any] = {
            "subprotocols": [PROTOCOL],
            "additional_headers": headers,
            "max_size": None,
            "ping_interval": None,
        }
        async with connect(websocket, sock=raw, max_queue=1, **options) as connection:
            await connection.send('{"type": "connection_init"}')
            await connection.recv()
            slow = Socket(connection)
            lazy = await slow.subscribe(query)
            await eventually(lambda: followed_by(stack, 1))
            targets = await quick.subscribe(query)
            assert (await targets.next())["revision"] == 1
            for number in range(changes):
                revision = hands.upgrade(paris, "shop", {"filler": f"{number:06}" * 100_000})
                assert await changed(targets, revision - 1) == revision
            receiving = asyncio.create_task(slow.receive())  # and only now it reads
            received = [await changed(lazy, None)]
            while received[-1] <= changes:
                received.append(await changed(lazy, received[-1]))
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
    assert received == sorted(set(received))
    assert received[-1] == changes + 1
    assert len(received) < changes


async def changed(targets: Subscription, known: int | None) -> int:
    """The next revision that is another one. A change of the health is an event of its own, with the same revision."""
    while (revision := (await targets.next())["revision"]) == known:
        pass
    return int(revision)
