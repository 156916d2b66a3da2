"""Follows the events of the API through its restarts: none may be left out, none may come twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from websockets.exceptions import WebSocketException

from tests.live.client import socket
from tests.soak.user import User

_PAGE = """query ($after: String) { events(first: 200, after: $after) {
  nodes { cursor } pageInfo { hasNextPage endCursor }
} }"""
_FOLLOW = "subscription ($after: String) { events(after: $after) { cursor } }"


class Follower:
    """`told` has the cursors since the last check, in the order in which they came."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._has_come = asyncio.Event()
        self._checked = ""
        self.told: list[str] = []

    async def begin(self) -> None:
        (node,) = (await self._user.ask("{ events(first: 1) { nodes { cursor } } }"))["events"]["nodes"]
        self._checked = node["cursor"]

    async def run(self) -> None:
        while True:
            with suppress(OSError, WebSocketException, TimeoutError, AssertionError, EOFError):
                async with socket(self._user.url) as opened:
                    after = self.told[-1] if self.told else self._checked
                    following = await opened.subscribe(_FOLLOW, after=after)
                    ended = asyncio.ensure_future(opened.connection.wait_closed())
                    while not ended.done() or not following.told.empty():
                        coming = asyncio.ensure_future(following.next(seconds=3600))
                        await asyncio.wait({ended, coming}, return_when=asyncio.FIRST_COMPLETED)
                        if not coming.done():
                            coming.cancel()
                            break
                        event = coming.result()
                        if isinstance(event, list):  # errors: the API is in trouble
                            break
                        self.told.append(event["cursor"])
                        self._has_come.set()
            await asyncio.sleep(0.3)

    async def problems(self, seconds: float = 30) -> list[str]:
        """Compares with what the API lists, once that is no more than what was told; checks only what is new."""
        expected = await self._listed()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self.told) < len(expected):
                    self._has_come.clear()
                    await self._has_come.wait()
        told = self.told[: len(expected)]
        if told != expected:
            missing = [cursor for cursor in expected if cursor not in set(self.told)]
            twice = len(self.told) - len(set(self.told))
            return [f"events: {len(missing)} of {len(expected)} were left out, {twice} came twice: {missing[:5]}"]
        if expected:
            self._checked = expected[-1]
            del self.told[: len(expected) - 1]
            self.told.pop(0)
        return []

    async def _listed(self) -> list[str]:
        """Oldest first, after the last one that was checked."""
        found: list[str] = []
        after = None
        while True:
            page = (await self._user.ask(_PAGE, after=after))["events"]
            for node in page["nodes"]:
                if node["cursor"] == self._checked:
                    return found[::-1]
                found.append(node["cursor"])
            if not page["pageInfo"]["hasNextPage"]:
                return found[::-1]
            after = page["pageInfo"]["endCursor"]


@asynccontextmanager
async def following(user: User) -> AsyncIterator[Follower]:
    follower = Follower(user)
    await follower.begin()
    running = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
