"""Bodies of requests: read piece by piece, so that one that is too large or too slow is refused before it is there."""

import asyncio
import json
import re
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request

from app.web.refusal import CLOSING, Refusal

SLOWEST = 32 * 1024
"""Bytes a second: a body that comes faster has all the time it needs."""

_GLANCE = 2**20
"""Bytes of a body that are looked at before there are more: what is full of values is so from its beginning."""

_LONG = re.compile(rb"[0-9]{19}")
"""What may be a whole number beyond 64 bits, of which orjson makes another one, and Python's reader does not."""

DEEPEST = 100
"""Levels of JSON, which is more than values may have."""

MOST_VALUES = 100_000
"""Values of a request's JSON: to read as many takes some 50 ms, in which nobody else is served. What may be large is
long texts, which cost next to nothing."""


async def body_of(request: Request, *, most: int, seconds: float) -> bytes:
    """The body, of `most` bytes, which began to come within `seconds` and goes on at `SLOWEST` at least.

    Raises:
        Refusal: where it is larger, slower, compressed, or begins as JSON with too many values.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "compressed_body", "Send the request as it is, not compressed.", CLOSING)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most:
        raise _too_large(most)
    pieces, size = list[bytes](), 0
    try:
        async with asyncio.timeout(seconds) as limit:
            began = asyncio.get_running_loop().time()
            async for piece in request.stream():
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                if size >= _GLANCE > size - len(piece):
                    check_values(b"".join(pieces))
                limit.reschedule(began + seconds + size / SLOWEST)
    except TimeoutError:
        raise Refusal(408, "too_slow", "The request came too slowly: send it again.", CLOSING) from None
    except ClientDisconnect:
        raise Refusal(400, "broken_off", "The request ended before it was whole.", CLOSING) from None
    return b"".join(pieces)


def _too_large(most: int) -> Refusal:
    message = f"A request has at most {most:,} bytes: send less at once. Who is signed in may send more than others."
    return Refusal(413, "body_too_large", message, CLOSING)


def json_of(text: str | bytes) -> Any:
    """A JSON value, nested at most `DEEPEST` levels, with at most `MOST_VALUES` values in it.

    Raises:
        Refusal: where it is none, deeper, or has more.
    """
    data = text if isinstance(text, bytes) else text.encode()
    beside = check_values(data)
    try:
        value = orjson.loads(data)
        if _LONG.search(beside):
            value = json.loads(data)
    except ValueError as error:
        raise Refusal(400, "no_json", f"The request is no JSON in UTF-8: {error}.") from None
    # Where there are fewer brackets than levels, nothing needs to be looked through.
    if beside.count(b"[") + beside.count(b"{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise Refusal(400, "too_deep", f"JSON is nested at most {DEEPEST} levels deep here.")
    return value


def check_values(data: bytes) -> bytes:
    """Counts the values of JSON without reading it; gives what is between its texts.

    Raises:
        Refusal: where there are more than `MOST_VALUES`.
    """
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in data else data
    if plain.count(b'"') <= 4 * MOST_VALUES:  # a value and its key have two each
        beside = b"".join(plain.split(b'"')[::2])
        if len(beside) - len(beside.translate(None, b",[{")) <= MOST_VALUES:
            return beside
    message = f"JSON has at most {MOST_VALUES:,} values here: send less at once."
    raise Refusal(413, "too_many_values", message, CLOSING)


def _is_deeper(value: Any, levels: int) -> bool:
    """Level by level, as recursion has limits of its own."""
    level = [value]
    for _ in range(levels + 1):
        level = [
            part
            for found in level
            if isinstance(found, dict | list)
            for part in (found.values() if isinstance(found, dict) else found)
        ]
        if not level:
            return False
    return True
