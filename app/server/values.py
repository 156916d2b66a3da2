"""Untrusted JSON: its values are counted while it arrives, and it is parsed if there are few enough."""

import json
import re
from typing import Any

import orjson

from app.admission.refusal import CLOSING, Refusal
from app.registers.requests import RequestCode

DEEPEST = 100
"""The maximum nesting depth of JSON, which exceeds that of values."""

MOST_VALUES = 100_000
"""The maximum number of values in the JSON of a request. Parsing that many takes about 50 ms, in which no other
request is served. Large requests consist of long texts, which cost little."""

_PART = 2**16
"""The number of bytes that are scanned at once, so that the results fit into the processor's caches."""

_LONG = re.compile(rb"[0-9]{19}")
"""Digits that may be an integer beyond 64 bits, which orjson changes and Python's parser does not."""


class Values:
    """Counts the values of JSON that arrives in pieces, without parsing it. `beside` is what was between its texts."""

    def __init__(self) -> None:
        self.beside = bytearray()
        self._in_text = False
        self._quotes = 0
        self._values = 0
        self._rest = b""

    def add(self, piece: bytes) -> None:
        """Continues to count.

        Raises:
            Refusal: There are more than `MOST_VALUES`.
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
        """Removes backslashes and the characters that they escape. A trailing one is kept for the next piece."""
        if b"\\" not in data:
            self._rest = b""
            return data
        is_odd = (len(data) - len(data.rstrip(b"\\"))) % 2
        self._rest = b"\\" * is_odd
        return data[: len(data) - is_odd].replace(b"\\\\", b"").replace(b'\\"', b"")


def _too_many() -> Refusal:
    message = f"The JSON of a request has at most {MOST_VALUES:,} values. Send less at once."
    return Refusal(413, RequestCode.TOO_MANY_VALUES, message, CLOSING)


def json_of(text: str | bytes, counted: Values | None = None) -> Any:
    """Parses a JSON value with at most `DEEPEST` levels and `MOST_VALUES` values, which are counted if necessary.

    Raises:
        Refusal: It is not valid, too deep, or has too many values.
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
        raise Refusal(400, RequestCode.NO_JSON, f"The request is not JSON in UTF-8: {error}.") from None
    # With fewer brackets than levels, nothing needs to be checked.
    if counted.beside.count(b"[") + counted.beside.count(b"{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise Refusal(400, RequestCode.TOO_DEEP, f"The JSON of a request is nested at most {DEEPEST} levels deep.")
    return value


def _is_deeper(value: Any, levels: int) -> bool:
    """Walks level by level, because recursion is limited."""
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
