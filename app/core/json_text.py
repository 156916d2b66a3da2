"""JSON from others that is kept or passed on."""

from typing import Any

import orjson

_SURELY_WRITABLE = 250
"""Levels that can be written. More of them can be read."""


class TooDeepError(ValueError):
    """JSON that can be read, and is nested too deeply to be written again."""


def read_writable(text: bytes) -> Any:
    """JSON that can be written again.

    Raises:
        TooDeepError: where it is nested too deeply for that.
        ValueError: where it is not JSON.
    """
    found = orjson.loads(text)
    # Text with fewer opening brackets than that is not nested so deeply.
    if text.count(b"[") + text.count(b"{") > _SURELY_WRITABLE:
        try:
            orjson.dumps(found)
        except orjson.JSONEncodeError:
            raise TooDeepError from None
    return found
