"""One request on its way through a proxy."""

import asyncio
import socket
import struct
from contextlib import AbstractAsyncContextManager, suppress

import aiohttp
from aiohttp import web
from yarl import URL

from tests.faults.requests import Request
from tests.faults.upstream import Upstream

_OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "host", "content-length"}
_RESET = struct.pack("ii", 1, 0)


class Exchange:
    """What a failure can do with a request: forward it, or parts of its answer, or cut the connection."""

    def __init__(
        self,
        http: web.BaseRequest,
        request: Request,
        upstream: Upstream,
        session: aiohttp.ClientSession,
        lifted: asyncio.Event | None = None,
    ) -> None:
        self.request = request
        self._http = http
        self._upstream = upstream
        self._session = session
        self._lifted = lifted or asyncio.Event()

    async def pause(self, seconds: float | None) -> None:
        """Waits for so long, or until the rule is lifted."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._lifted.wait()

    async def act(self) -> None:
        """Has the server act; its answer is thrown away."""
        async with self._asked(self._upstream) as answer:
            self.request.served = answer.status
            await answer.read()

    async def forward(
        self,
        upstream: Upstream | None = None,
        *,
        most: int | None = None,
        reset: bool = True,
        piece: int | None = None,
        pause: float = 0.0,
    ) -> web.StreamResponse:
        """Passes the server's answer on as it comes: whole, or its first bytes, or in pieces."""
        async with self._asked(upstream or self._upstream) as answer:
            self.request.served = answer.status
            headers = answer.headers.copy()
            for name in list(headers):
                if name.lower() in _OF_ONE_HOP - {"content-length"}:
                    headers.popall(name, None)
            response = web.StreamResponse(status=answer.status, headers=headers)
            self.request.status = answer.status
            await response.prepare(self._http)
            left = most
            async for chunk in answer.content.iter_any():
                data = chunk if left is None else chunk[:left]
                for start in range(0, len(data), piece or len(data) or 1):
                    if pause:
                        await self.pause(pause)
                    await response.write(data[start : start + (piece or len(data))])
                if left is not None:
                    left -= len(data)
                    if left == 0:
                        return self.cut(reset=reset)
            await response.write_eof()
            return response

    def cut(self, *, reset: bool = True) -> web.StreamResponse:
        """Ends the client's connection without a further word; gives what stands in for an answer."""
        transport = self._http.transport
        if transport is not None:
            if reset:
                abort(transport)
            else:
                transport.close()
        return web.Response()

    def _asked(self, upstream: Upstream) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        headers = self._http.headers.copy()
        for name in list(headers):
            if name.lower() in _OF_ONE_HOP:
                headers.popall(name, None)
        if upstream is not self._upstream and "Authorization" in headers:
            headers["Authorization"] = f"Bearer {upstream.token}"
        path = upstream.prefix + self._http.raw_path.removeprefix(self._upstream.prefix)
        return self._session.request(
            self.request.method,
            URL(upstream.origin + path, encoded=True),
            headers=headers,
            data=self.request.body or None,
            ssl=upstream.tls,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )


def abort(transport: asyncio.BaseTransport) -> None:
    """Resets a connection (RST), instead of closing it in good order."""
    found: socket.socket | None = transport.get_extra_info("socket")
    if found is not None:
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    assert isinstance(transport, asyncio.WriteTransport)
    transport.abort()
