"""Sends the events of a watch over its connection, and applies the member's faults to the connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from simulator.faults import Faults
    from simulator.watch import Watch


def cut(http: web.BaseRequest) -> None:
    """Closes the connection without an answer, like a server that dies."""
    if isinstance(http.transport, asyncio.Transport):
        http.transport.abort()


class Stream:
    """`bookmark_interval` is None for a client that wants no bookmarks."""

    def __init__(self, http: web.BaseRequest, watch: Watch, faults: Faults, *, bookmark_interval: float | None) -> None:
        self._http = http
        self._watch = watch
        self._faults = faults
        self._interval = bookmark_interval
        self._response = web.StreamResponse(headers={"Content-Type": "application/json"})
        self._wake = asyncio.Event()
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    async def run(self, seconds: float) -> web.StreamResponse:
        """Runs until the time is over, the client is gone, the watch has ended or a fault ends it."""
        listening = (self._watch.collection.waiters, self._faults.listeners)
        for waiters in listening:
            waiters.add(self._wake)
        try:
            await self._response.prepare(self._http)
            await self._tell(asyncio.get_running_loop().time() + seconds)
        except ConnectionError:
            pass  # the client has gone
        finally:
            for waiters in listening:
                waiters.discard(self._wake)
        return self._response

    async def _tell(self, end: float) -> None:
        time = asyncio.get_running_loop().time
        bookmark_at = end if self._interval is None else time() + self._interval
        while not self._stopped:
            self._wake.clear()
            if self._faults.down:
                cut(self._http)
                return
            if self._faults.hang:
                await self._wake.wait()
                continue
            if lines := self._watch.take():
                await self._response.write(lines)
                if self._watch.ended:
                    return
                continue
            if self._interval is not None and time() >= min(bookmark_at, end):
                bookmark_at = time() + self._interval
                await self._response.write(self._watch.bookmark())
            if time() >= end:
                return
            try:
                async with asyncio.timeout_at(min(bookmark_at, end)):
                    await self._wake.wait()
            except TimeoutError:
                continue
