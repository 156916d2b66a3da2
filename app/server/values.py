"""JSON that may be anything: its values are counted while it comes, and it is read when they are few enough."""

import json
import re
from typing import Any

import orjson

from app.admission.refusal import CLOSING, Refusal
from app.registers.requests import RequestCode

DEEPEST = 100
"""Levels of JSON, which is more than values may have."""

MOST_VALUES = 100_000
"""Values of a request's JSON: to read as many takes some 50 ms, in which nobody else is served. What may be large is
long texts, which cost next to nothing."""

_PART = 2**16
"""Bytes that are looked through at once: what that makes fits into the processor's caches."""

_LONG = re.compile(rb"[0-9]{19}")
"""What may be a whole number beyond 64 bits, of which orjson makes another one, and Python's reader does not."""


class Values:
    """Counts the values of JSON that comes in pieces, without reading it. `beside` is what was between its texts."""

    def __init__(self) -> None:
        self.beside = bytearray()
        self._in_text = False
        self._quotes = 0
        self._values = 0
        self._rest = b""

    def add(self, piece: bytes) -> None:
        """Counts on.

        Raises:
            Refusal: where there are more than `MOST_VALUES`.
        """
        for start in range(0, len(piece), _PART):
            self._add(piece[start : start + _PART])

    def _add(self, piece: bytes) -> None:
        plain = self._without_escapes(self._rest + piece)
        quotes = plain.count(b'"')
        self._quotes += quotes
        if self._quotes > 4 * MOST_VALUES:  # a value and its key have two each
            raise _too_many()
        beside = b"".join(plain.split(b'"')[self._in_text :: 2])
        self._in_text ^= bool(quotes % 2)
        self._values += len(beside) - len(beside.translate(None, b",[{"))
        if self._values > MOST_VALUES:
            raise _too_many()
        self.beside += beside

    def _without_escapes(self, data: bytes) -> bytes:
        """Leaves out backslashes and what they stand before; one that is the last waits for what comes next."""
        if b"\\" not in data:
            self._rest = b""
            return data
        is_odd = (len(data) - len(data.rstrip(b"\\"))) % 2
        self._rest = b"\\" * is_odd
        return data[: len(data) - is_odd].replace(b"\\\\", b"").replace(b'\\"', b"")


def _too_many() -> Refusal:
    message = f"JSON has at most {MOST_VALUES:,} values here: send less at once."
    return Refusal(413, RequestCode.TOO_MANY_VALUES, message, CLOSING)


def json_of(text: str | bytes, counted: Values | None = None) -> Any:
    """A JSON value, nested at most `DEEPEST` levels, with at most `MOST_VALUES` values in it; they are counted here
    where they are not yet.

    Raises:
        Refusal: where it is none, deeper, or has more.
    """
    data = text if isinstance(text, bytes) else text.encode()
    if counted is None:
        counted = Values()
        counted.add(data)
    try:
        value = orjson.loads(data)
        if _LONG.search(counted.beside):
            value = json.loads(data)
    except ValueError as error:
        raise Refusal(400, RequestCode.NO_JSON, f"The request is no JSON in UTF-8: {error}.") from None
    # Where there are fewer brackets than levels, nothing needs to be looked through.
    if counted.beside.count(b"[") + counted.beside.count(b"{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise Refusal(400, RequestCode.TOO_DEEP, f"JSON is nested at most {DEEPEST} levels deep here.")
    return value


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
