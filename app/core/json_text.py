"""JSON from outside that Polyhelm stores or forwards."""

from typing import Any

import orjson

_SURELY_WRITABLE = 250
"""The maximum nesting depth that can be written. Deeper JSON can be read."""


class TooDeepError(ValueError):
    """The JSON can be read, but is nested too deeply to be written."""


def read_writable(text: bytes) -> Any:
    """Parses JSON that can be written again.

    Raises:
        TooDeepError: It is nested too deeply to be written.
        ValueError: It is not JSON.
    """
    found = orjson.loads(text)
    # Text with fewer opening brackets cannot be nested that deeply.
    if text.count(b"[") + text.count(b"{") > _SURELY_WRITABLE:
        try:
            orjson.dumps(found)
        except orjson.JSONEncodeError:
            raise TooDeepError from None
    return found
