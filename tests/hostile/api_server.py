"""A hostile API server: it answers single requests as a test wants it, and all others as a right one does."""

import asyncio
import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

import aiohttp
import yaml
from yarl import URL

from app.clusters.kubeconfig import Access
from app.clusters.member import Member
from tests.faults.upstream import Upstream
from tests.helm.places import POLICY

Matches = Callable[[str, str, str], bool]
"""Takes method, path and query of a request."""

_UNSENT = 2**18  # bytes


@dataclass(frozen=True)
class Answer:
    """The bytes of an answer, head included, with a pause before each piece. They may go on for ever. Then the
    connection is closed, unless it `stays` open."""

    pieces: Iterable[bytes] = field(repr=False)
    pause: float = 0.0
    stays: bool = False


def answer(status: int, body: bytes, **headers: str) -> Answer:
    """As HTTP wants it; headers by name, with `_` for `-`."""
    headers = {"Content_Type": "application/json", "Content_Length": str(len(body))} | headers
    lines = [f"HTTP/1.1 {status} -", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return Answer(["\r\n".join([*lines, "", ""]).encode("latin-1") + body], stays=True)


@dataclass(frozen=True)
class Right:
    """What a right server answers."""

    status: int
    body: bytes


class HostileApiServer:
    """An asynchronous context, in which it listens on this machine, without TLS. `kubeconfig` leads to the right
    server, which is asked everything once: what it has answered is answered again."""

    def __init__(self, kubeconfig: str) -> None:
        self._kubeconfig = kubeconfig
        self._upstream = Upstream.of(kubeconfig)
        self._known: dict[tuple[str, str, str], Right] = {}
        self._matches: Matches = lambda method, path, query: False
        self._answer: Callable[[Right], Answer] | None = None
        self._times = 0
        self._served: set[asyncio.Task[None]] = set()
        self.asked: list[tuple[str, str, str, str]] = []
        """Method, path, query and User-Agent of each request."""
        self.hits = 0
        """How many requests were answered as the test wants it."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._served:
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)
        await asyncio.sleep(0)  # for their connections to be closed
        await self._session.close()

    @property
    def access(self) -> Access:
        port = self._server.sockets[0].getsockname()[1]
        ca = yaml.safe_load(self._kubeconfig)["clusters"][0]["cluster"]["certificate-authority-data"]
        authority = base64.b64decode(ca).decode()  # it is not needed; all that the system trusts takes longer to read
        return Access(f"http://127.0.0.1:{port}", ca=authority, token=self._upstream.token, certificate=None, key=None)

    def member(self, *, timeout: float, uid: str | None) -> Member:
        return Member(self.access, POLICY, timeout=timeout, uid=uid)

    def spoil(self, matches: Matches, answer: Callable[[Right], Answer], *, times: int = 2**31) -> None:
        """From now on, requests that match are answered by what `answer` makes of the right answer: so many of them,
        and all others rightly."""
        self._matches, self._answer, self._times, self.hits = matches, answer, times, 0

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._served.add(task)
        task.add_done_callback(self._served.discard)
        task.add_done_callback(lambda _: writer.close() if not reader.at_eof() else writer.transport.abort())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            return  # whoever asked has gone

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers a request; gives whether another one may follow."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        self.asked.append((method, path, query, headers.get("user-agent", "")))
        given = await self._answered(method, path, query, headers, body)
        for piece in given.pieces:
            await asyncio.sleep(given.pause)
            while writer.transport.get_write_buffer_size() > _UNSENT:
                await asyncio.sleep(0.002)
                if reader.at_eof() or writer.is_closing():
                    return False
            writer.write(piece)
            if reader.at_eof() or writer.is_closing():
                return False
        return given.stays

    async def _answered(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Answer:
        right = self._known.get((method, path, query))
        if right is None:
            right = self._known[method, path, query] = await self._forward(method, f"{path}?{query}", headers, body)
        if self._answer is not None and self.hits < self._times and self._matches(method, path, query):
            self.hits += 1
            return self._answer(right)
        return answer(right.status, right.body)

    async def _forward(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Right:
        names = ("accept", "content-type", "authorization")
        passed: dict[str, str] = {name: headers[name] for name in names if name in headers}
        there = self._upstream
        url = URL(f"{there.origin}{there.prefix}{target}", encoded=True)
        async with self._session.request(method, url, headers=passed, data=body or None, ssl=there.tls) as found:
            return Right(found.status, await found.read())
