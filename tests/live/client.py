"""A graphql-transport-ws client for tests: one socket, many subscriptions, each with what it was told."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from tests.stack import TOKEN, Stack

PROTOCOL = "graphql-transport-ws"
TELL_SECONDS = 120.0


class Subscription:
    """`told` has what the server sent, without repetitions: an object is sent again for any change of it, such as one
    of its health, and what was asked for may be the same then."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Any] = asyncio.Queue()
        self.ended = asyncio.Event()
        self._last: dict[Any, Any] = {}

    def tell(self, payload: Any) -> None:
        data = payload.get("data") if isinstance(payload, dict) else None
        found = next(iter(data.values())) if data else None
        if isinstance(found, dict):
            key = found.get("id") or found.get("clusterName")
            if key is not None and self._last.get(key) == found:
                return
            self._last[key] = found
        self.told.put_nowait(payload)

    async def next(self, seconds: float = TELL_SECONDS) -> Any:
        """The next that is told: the data's only field, or the errors."""
        async with asyncio.timeout(seconds):
            payload = await self.told.get()
        if isinstance(payload, list):
            return payload
        if "errors" in payload:
            return payload["errors"]
        return next(iter(payload["data"].values()))

    async def until(self, **wanted: Any) -> Any:
        """The next that is told with these fields; what was told before is skipped."""
        while True:
            found = await self.next()
            if all(found[name] == value for name, value in wanted.items()):
                return found

    async def nothing(self, seconds: float = 0.5) -> None:
        await asyncio.sleep(seconds)
        assert self.told.empty(), self.told.get_nowait()


class Socket:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._subscriptions: dict[str, Subscription] = {}
        self._numbers = itertools.count(1)

    async def subscribe(self, query: str, **variables: Any) -> Subscription:
        name = str(next(self._numbers))
        self._subscriptions[name] = found = Subscription()
        payload = {"query": query, "variables": variables}
        await self.connection.send(orjson.dumps({"id": name, "type": "subscribe", "payload": payload}).decode())
        return found

    async def end(self, subscription: Subscription) -> None:
        (name,) = (name for name, found in self._subscriptions.items() if found is subscription)
        await self.connection.send(orjson.dumps({"id": name, "type": "complete"}).decode())

    async def receive(self) -> None:
        async for text in self.connection:
            message = orjson.loads(text)
            if message["type"] in ("next", "error"):
                self._subscriptions[message["id"]].tell(message["payload"])
            elif message["type"] == "complete":
                self._subscriptions[message["id"]].ended.set()


@asynccontextmanager
async def socket(url: str, token: str | None = TOKEN) -> AsyncIterator[Socket]:
    """A socket on which the server has agreed to talk."""
    address = url.replace("http", "ws", 1) + "/graphql"
    async with connect(address, subprotocols=[PROTOCOL], max_size=None) as connection:  # type: ignore[list-item]
        payload = {"Authorization": f"Bearer {token}"} if token else {}
        await connection.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
        assert orjson.loads(await connection.recv()) == {"type": "connection_ack"}
        opened = Socket(connection)
        receiving = asyncio.create_task(opened.receive())
        try:
            yield opened
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)


async def followed_by(stack: Stack, count: int) -> bool:
    """Whether so many subscriptions follow what happens. They do before they tell what there is."""
    return sum(map(len, stack.services.feed._followers.values())) == count
