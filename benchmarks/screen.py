"""What a subscriber of targets sees, and when it came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from websockets.asyncio.client import connect

from benchmarks.server import TOKEN, Server

_ARRIVAL_SECONDS = 60.0


@dataclass
class Screen:
    """The state that each cluster was last shown with, and when it came."""

    shown: dict[str, tuple[str, float]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self, url: str, state: str) -> None:
        async with connect(url, subprotocols=["graphql-transport-ws"], compression=None) as socket:  # type: ignore[list-item]
            init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {TOKEN}"}}
            await socket.send(orjson.dumps(init).decode())
            await socket.recv()
            query = f"subscription {{ targets {{ clusterName {state} }} }}"
            await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}).decode())
            async for text in socket:
                moment = time.perf_counter()
                name, found = orjson.loads(text)["payload"]["data"]["targets"].values()
                word = str(found if isinstance(found, str) else found["state"])
                async with self.changed:
                    if self.shown.get(name, ("",))[0] != word:
                        self.shown[name] = word, moment
                    self.changed.notify_all()

    async def until(self, name: str, state: str) -> float:
        """When the cluster was first shown with this state."""
        async with asyncio.timeout(_ARRIVAL_SECONDS), self.changed:
            await self.changed.wait_for(lambda: self.shown.get(name, ("",))[0] == state)
            return self.shown[name][1]


@asynccontextmanager
async def looking(server: Server, state: str) -> AsyncIterator[Screen]:
    """A subscriber of all targets. `state` is a field of a target, in GraphQL, or one with its field `state`."""
    screen = Screen()
    listening = asyncio.create_task(screen.listen(server.url.replace("http", "ws", 1) + "/graphql", state))
    try:
        yield screen
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
