"""What a hostile API server answers: each as what it makes of the right answer."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from typing import Any

from tests.hostile.api_server import Answer, Right, answer

Hostile = Callable[[Right], Answer]

MIB = 2**20
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Endless(Iterable[bytes]):
    """A beginning and then the same piece, for ever; each use begins anew."""

    def __init__(self, beginning: bytes, piece: bytes) -> None:
        self._beginning, self._piece = beginning, piece

    def __iter__(self) -> Iterator[bytes]:
        return chain([self._beginning], repeat(self._piece))


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def body(text: bytes, status: int = 200, **headers: str) -> Hostile:
    return lambda right: answer(status, text, **headers)


def raw(pieces: Iterable[bytes], pause: float = 0.0) -> Hostile:
    return lambda right: Answer(pieces, pause)


def endless_body(beginning: bytes, piece: bytes, pause: float = 0.0) -> Hostile:
    return raw(Endless(CHUNKED + chunk(beginning), chunk(piece)), pause)


def error(status: int, message: Any, **headers: str) -> Hostile:
    words = {"kind": "Status", "status": "Failure", "message": message, "code": status}
    return body(json.dumps(words).encode(), status, **headers)


def nested(depth: int, opening: bytes, inner: bytes, closing: bytes) -> bytes:
    return opening * depth + inner + closing * depth


DEEP = nested(900, b'{"a":', b"0", b"}")

CONTENT: dict[str, Hostile] = {
    "null": body(b"null"),
    "a list": body(b"[]"),
    "a number": body(b"7"),
    "a text": body(b'"no"'),
    "a list of another kind": body(b'{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]}'),
    "a list without a version": body(b'{"kind":"PartialObjectMetadataList","metadata":{}}'),
    "a success that says nothing": body(b'{"kind":"Status","status":"Success"}'),
    "nothing": body(b""),
    "no content": body(b"", 204),
    "a page": body(b"<html><body>Welcome</body></html>", Content_Type="text/html"),
    "U+0000": body(b'{"kind":"\\u0000","metadata":{"name":"\\u0000","uid":"\\u0000"}}'),
    "bytes that are no text": body(b'{"kind":"\xff\xfe"}'),
    "half of a letter": body(b'{"kind":"\\ud800"}'),
    "NaN": body(b'{"kind":NaN}'),
    "a number of 5,000 digits": body(b'{"kind":%b}' % (b"1" * 5000)),
    "maps 900 levels deep": body(DEEP),
    "an item 900 levels deep": body(b'{"kind":"SecretList","metadata":{"resourceVersion":"1"},"items":[%b]}' % DEEP),
    "lists 100,000 levels deep": body(nested(100_000, b"[", b"", b"]")),
    "six MiB of lists": body(b"[%b0]" % (b"[]," * (2 * MIB))),
    "an error without words": body(b"null", 500),
    "an error whose words are a list": error(500, [{"a": "\0"}]),
    "an error of seven MiB": error(403, "a" * (7 * MIB)),
    "a refusal of seven MiB": error(422, "a" * (7 * MIB)),
    "a refusal that is deep": body(DEEP, 409),
    "a refusal with U+0000": error(422, "no\0 luck"),
}
"""What is wrong in the answer itself."""

TRANSPORT: dict[str, Hostile] = {
    "a body without end": endless_body(b'{"items":[', b"0," * 32_768),
    "a watch without end": endless_body(
        b"",
        b'{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"a","resourceVersion":"1","labels":{"name":"a"}}}}\n'
        * 500,
    ),
    "a body of ten gigabytes, it says": raw([OK + b"Content-Length: 10000000000\r\n\r\n{"]),
    "a drip": endless_body(b"{", b" ", pause=0.05),
    "a drip of headers": raw(Endless(OK, b"X-A: b\r\n"), pause=0.05),
    "a header without end": raw(Endless(OK + b"X-A: ", b"a" * 65_536)),
    "headers without end": raw(Endless(OK, b"".join(b"X-A%d: b\r\n" % n for n in range(5000)))),
    "a header's name without end": raw(Endless(OK, b"a" * 65_536)),
    "a status line without end": raw(Endless(b"HTTP/1.1 200 ", b"a" * 65_536)),
    "a chunk size without end": raw(Endless(CHUNKED, b"0" * 65_536)),
    "a trailer without end": raw(Endless(CHUNKED + b"0\r\n", b"X-A: b\r\n" * 8000)),
    "continue without end": raw(Endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)),
    "no HTTP": raw([b"\0\xff" * 1000]),
    "a status of 999": raw([b"HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n"]),
    "another protocol": raw([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: spdy\r\nConnection: Upgrade\r\n\r\nxxxx"]),
    "two lengths": raw([OK + b"Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}"]),
    "an answer that breaks off": raw([OK + b"Content-Length: 2000\r\n\r\n{"]),
    "a redirect": body(b"", 302, Location="https://127.0.0.1:1/"),
    "gzip that is cut off": lambda right: answer(200, gzip.compress(right.body)[:-12], Content_Encoding="gzip"),
    "gzip within gzip": lambda right: answer(200, gzip.compress(gzip.compress(right.body)), Content_Encoding="gzip"),
    "gzip that is none": body(b"{}", Content_Encoding="gzip"),
    "256 MiB of zeros in gzip": body(gzip.compress(bytes(256 * MIB), compresslevel=1), Content_Encoding="gzip"),
    "an unknown encoding": body(b"\x1f\x8b", Content_Encoding="compress"),
    "a pause until the year 10^20": error(429, "later", Retry_After="Mon, 01 Jan 99999999999999999999 00:00:00 GMT"),
    "a pause in a zone that is none": error(503, "later", Retry_After="Mon, 01 Jan 2026 00:00:00 +99999999999999999"),
}
"""What is wrong around it: these say nothing of which request they answer."""

HARMLESS: dict[str, Hostile] = {
    "another content type": lambda right: answer(right.status, right.body, Content_Type="text/plain; charset=utf-7"),
    "long warnings": lambda right: answer(right.status, right.body, Warning='299 - "' + "a" * 5000 + '"'),
}
"""The right answers, wrongly dressed."""

WRONG_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 2**63, 1.5, "", "\0", "a" * 20_000, "\u2028/../..", [], [None], [[]], {}, {"": None}),
)
"""What takes the place of each value of a right answer."""


def spoiled(right: Right) -> Iterator[Hostile]:
    """The answer with one of its values replaced, at each level, by each wrong one, or left out. Of an answer of
    several lines, as that to a watch, only the first is changed."""
    lines = right.body.splitlines(keepends=True)
    for text in _spoiled(json.loads(lines[0])):
        whole = b"".join([text, b"\n", *lines[1:]]) if right.body.endswith(b"\n") else text
        yield body(whole, right.status)


def _spoiled(right: Any) -> Iterator[bytes]:
    for path in _paths(right):
        for wrong in WRONG_VALUES:
            yield json.dumps(_with(right, path, wrong)).encode()
        if path and isinstance(path[-1], str):
            yield json.dumps(_without(right, path)).encode()


def _paths(found: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield at
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(found, dict):
        inner = found.items()
    elif isinstance(found, list):
        inner = enumerate(found[:1])
    for step, value in inner:
        yield from _paths(value, (*at, step))


def _with(found: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    copied = found.copy()
    copied[path[0]] = _with(found[path[0]], path[1:], value)
    return copied


def _without(found: Any, path: tuple[str | int, ...]) -> Any:
    if len(path) == 1:
        return {key: value for key, value in found.items() if key != path[0]}
    copied = found.copy()
    copied[path[0]] = _without(found[path[0]], path[1:])
    return copied
