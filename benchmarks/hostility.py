"""An attacker, as a process of its own: `python -m benchmarks.hostility KIND URL TOKEN PORTION`.

Many clients in one process, each with an address of its own below 127.0.0.0/8, as if they were many machines: what is
counted for an address alone does not stop them. They continue until the process receives a signal to end;
it then prints how often each answer came."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from urllib.parse import urlsplit

import orjson

CLIENTS = 8
"""Of each process, that ask one request after the other as fast as they are answered."""
_ASKED_FROM_ONE = 100
"""Requests from one address, which is less than may come at once from one."""
_OPENED_FROM_ONE = 400
"""Connections from one address, which is less than may be there at once from one."""
_DRIPS, _DRIP_SECONDS = 2_000, 1.0
_SILENT, _SILENT_AGAIN_SECONDS = 5_000, 10.0


def _fragments(depth: int) -> str:
    steps = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(depth))
    return f"{{ ...F0 }} {steps} fragment F{depth} on Query {{ version }}"


QUERIES: dict[str, str] = {
    "5,000 aliases": "{ viewer {" + " ".join(f"a{n}:name" for n in range(5_000)) + "} }",
    "fields nested 1,500 deep": "{ a" * 1_500 + " }" * 1_500,
    "fragments that multiply, 40 deep": _fragments(40),
    "a list of 4,900 entries": '{ events(kinds: ["a" %s]) { nodes { at } } }' % (' "a"' * 4_900),
}
_LISTED = (
    b'{"query": "query ($kinds: [String!]) { events(kinds: $kinds) { nodes { at } } }",'
    b' "variables": {"kinds": [%s"a"]}}'
)
IN_VARIABLES, IN_LARGE_VARIABLES = "a list of 60 KB in variables", "a list of 32 MB in variables, by a user"
SLOW, SILENT = "slow loris, 4,000 connections", "10,000 connections without connection_init"
KINDS = (*QUERIES, IN_VARIABLES, IN_LARGE_VARIABLES, SLOW, SILENT)


def _bodies() -> dict[str, tuple[bytes, bool]]:
    """What is sent, and whether by a signed-in user."""
    given = {name: (orjson.dumps({"query": query}), False) for name, query in QUERIES.items()}
    small, large = (_LISTED % (b'"a",' * count) for count in (15_000, 8_000_000))
    return given | {IN_VARIABLES: (small, False), IN_LARGE_VARIABLES: (large, True)}


class Attacker:
    """`token` is a user's, `portion` differs for each process, so that no two have the same addresses."""

    def __init__(self, url: str, token: str, portion: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._token, self._portion = token, portion
        self.told: Counter[str] = Counter()

    def head(self, *lines: str) -> bytes:
        return "\r\n".join(("POST /graphql HTTP/1.1", f"Host: {self._host}", *lines, "", "")).encode()

    async def opened(self, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from the address of this number."""
        address = f"127.{self._portion + 1}.{number // 250}.{number % 250 + 1}"
        return await asyncio.open_connection(self._host, self._port, local_addr=(address, 0))

    async def ask(self, client: int, body: bytes, *, signed_in: bool) -> None:
        """One request after the other, forever."""
        token = (f"Authorization: Bearer {self._token}",) if signed_in else ()
        request = self.head("Content-Type: application/json", f"Content-Length: {len(body)}", *token) + body
        for number in itertools.count(client, CLIENTS):
            try:
                await self._ask_from(number, request)
            except (OSError, asyncio.IncompleteReadError):
                self.told["cut off"] += 1  # before all of it was sent

    async def _ask_from(self, number: int, request: bytes) -> None:
        reader, writer = await self.opened(number)
        try:
            for _ in range(_ASKED_FROM_ONE):
                writer.write(request)
                await writer.drain()
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                answer = orjson.loads(await reader.readexactly(length))
                errors = answer.get("errors") or [{}]
                self.told[str(errors[0].get("extensions", {}).get("code", "invalid"))] += 1
                if b"connection: close" in head:
                    return
        finally:
            writer.close()

    async def drip(self, client: int) -> None:
        """The head of a request that comes byte by byte; when it is ended, another one."""
        while True:
            with suppress(OSError):
                _, writer = await self.opened(client // _OPENED_FROM_ONE)
                try:
                    writer.write(self.head("X-Slow: ")[:-4])
                    while True:
                        writer.write(b"x")
                        await writer.drain()
                        await asyncio.sleep(_DRIP_SECONDS)
                finally:
                    self.told["ended"] += 1
                    writer.close()
            await asyncio.sleep(_DRIP_SECONDS)

    async def say_nothing(self, client: int) -> None:
        """A WebSocket without a `connection_init`; when it is refused or ended, another one after a while."""
        upgrade = self.head(
            *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
            *("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: graphql-transport-ws"),
        ).replace(b"POST", b"GET", 1)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            with suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await self.opened(client // _OPENED_FROM_ONE)
                try:
                    writer.write(upgrade)
                    status = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
                    self.told[{"101": "let in"}.get(status, status)] += 1
                    await reader.read()
                finally:
                    writer.close()
            await asyncio.sleep(began + _SILENT_AGAIN_SECONDS - loop.time())


def _clients(kind: str, attacker: Attacker) -> list[Coroutine[None, None, None]]:
    if kind == SLOW:
        return [attacker.drip(client) for client in range(_DRIPS)]
    if kind == SILENT:
        return [attacker.say_nothing(client) for client in range(_SILENT)]
    body, signed_in = _bodies()[kind]
    return [attacker.ask(client, body, signed_in=signed_in) for client in range(CLIENTS)]


async def _harm(kind: str, url: str, token: str, portion: int) -> Counter[str]:
    """The answers, until the process receives a signal to end."""
    attacker = Attacker(url, token, portion)
    is_over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, is_over.set)
    clients = [asyncio.create_task(client) for client in _clients(kind, attacker)]
    await is_over.wait()
    for client in clients:
        client.cancel()
    return attacker.told


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    os.nice(10)  # what it costs to attack is not to be taken from those who are attacked
    kind, url, token, portion = sys.argv[1:]
    print(json.dumps(asyncio.run(_harm(kind, url, token, int(portion)))))
