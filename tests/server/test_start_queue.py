"""Where many come at once: so much is begun in each turn of the event loop, and an address after the other."""

import asyncio
import socket
from urllib.parse import urlsplit

import pytest

from app.server.start_queue import StartQueue
from tests.live.serving import served
from tests.stack import Stack

MANY = 300
ASKS = b"GET /healthz HTTP/1.1\r\nHost: polyhelm\r\n\r\n"


async def test_one_connection_starts_every_fourth_turn_and_addresses_alternate() -> None:
    start_queue, begun = StartQueue(), list[str]()
    assert start_queue.try_start()
    for address in ["many"] * 4 + ["few"]:
        start_queue.put(address, lambda address=address: begun.append(address))  # type: ignore[misc]
    for number, address in enumerate(["many", "few", "many", "many", "many"]):
        assert len(begun) == number
        assert not start_queue.try_start()
        for _ in range(4):
            await asyncio.sleep(0)
        assert begun[number:] == [address]
    for _ in range(4):
        assert not start_queue.try_start()
        await asyncio.sleep(0)
    assert start_queue.try_start()


async def test_a_connection_that_fails_to_start_does_not_delay_others() -> None:
    start_queue, begun, failed = StartQueue(), list[str](), list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda _, told: failed.append(str(told["exception"])))

    def fails() -> None:
        raise ValueError("no use")

    start_queue.put("one", fails)
    start_queue.put("other", lambda: begun.append("other"))
    for _ in range(6):
        await asyncio.sleep(0)
    assert (failed, begun) == (["no use"], ["other"])


@pytest.mark.parametrize("known", [False, True], ids=["new connections", "open ones"])
async def test_a_connection_does_not_wait_for_all_connections_of_another_address(shared: Stack, known: bool) -> None:
    async with served(shared) as url:
        clients = [dialled(url, "127.0.0.2") for _ in range(MANY)] + [dialled(url, "127.0.0.3")]
        if known:
            await asyncio.gather(*(answered(client) for client in clients))
        waiting = {asyncio.create_task(answered(client)): client for client in clients}
        order = list[str]()
        for task in waiting:
            task.add_done_callback(lambda task: order.append(waiting[task].getsockname()[0]))
        await asyncio.gather(*waiting)
    for client in clients:
        client.close()
    assert len(order) == MANY + 1
    assert order.index("127.0.0.3") < MANY / 3


def dialled(url: str, address: str) -> socket.socket:
    """A connection that the system has made, and nobody has accepted yet."""
    parts = urlsplit(url)
    client = socket.create_connection((parts.hostname, parts.port or 80), source_address=(address, 0))
    client.setblocking(False)
    return client


async def answered(client: socket.socket) -> None:
    loop, answer = asyncio.get_running_loop(), b""
    client.send(ASKS)
    while not answer.endswith(b"ok\n"):
        part = await loop.sock_recv(client, 1000)
        assert part, answer
        answer += part
