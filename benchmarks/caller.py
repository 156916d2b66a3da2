"""A caller that requests a small page from time to time, as a process of its own: `python -m benchmarks.caller`.

Prints the seconds that each answer took as JSON. They count from the moment at which the request was due, so
that an answer that delays the next ones is counted in all of them."""

from __future__ import annotations

import asyncio
import json
import sys
from urllib.parse import urlsplit

import orjson

from benchmarks.server import GROUP, TOKEN

_PAUSE = 0.02
_WARM_UP = 10
_NEW_CONNECTION = 10
"""The number of requests on one connection before a new one is opened, which may also be refused."""
_QUERY = """query ($group: String!, $name: String!) { deployment(group: $group, releaseName: $name) {
  statusCounts { status count } targets { clusterName status statusSince reasons { code message path } revision }
} }"""


async def _answers(url: str, release_name: str, seconds: float) -> list[float]:
    parts = urlsplit(url)
    body = orjson.dumps({"query": _QUERY, "variables": {"group": GROUP, "name": release_name}})
    request = (
        f"POST /graphql HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    loop = asyncio.get_running_loop()
    times: list[float] = []
    writer: asyncio.StreamWriter | None = None
    began = loop.time()
    for number in range(_WARM_UP + int(seconds / _PAUSE)):
        due = began + number * _PAUSE
        await asyncio.sleep(due - loop.time())
        if number % _NEW_CONNECTION == 0:
            if writer is not None:
                writer.close()
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        assert writer is not None
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = orjson.loads(await reader.readexactly(length))
        assert answer["data"]["deployment"]["targets"], answer
        if number >= _WARM_UP:
            times.append(loop.time() - due)
    return times


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_answers(sys.argv[1], sys.argv[2], float(sys.argv[3])))))
