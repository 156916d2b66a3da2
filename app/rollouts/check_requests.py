"""What checks over HTTP send and receive. Pure."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

METHODS = ("GET", "HEAD", "POST")
MOST_HEADERS = 20
MOST_SAMPLES = 1_000
_LONGEST_URL = 2_000
_LONGEST_VALUE = 4_000
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OWN = ("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "accept-encoding")
"""Headers that the client sets."""

Found = Iterator[tuple[tuple[str, ...], str]]


class UnreadableAnswerError(ValueError):
    """An answer of Prometheus has no result. The message says why."""


def url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "Not a valid URL."
    if parts.scheme not in ("https", "http") or not parts.hostname or len(url) > _LONGEST_URL or not url.isprintable():
        return f"Must be a URL such as https://example.com, at most {_LONGEST_URL:,} characters."
    if parts.username or parts.password:
        return "Must not contain credentials: use `secretHeaders`."
    return None


def header_problems(spec: Mapping[str, Any]) -> Found:
    """Yields (path, message) for headers that cannot be sent."""
    plain, secret = spec.get("headers", ()), spec["secretHeaders"]
    if len(plain) + len(secret) > MOST_HEADERS:
        yield ("headers",), f"A request has at most {MOST_HEADERS} headers."
    for field, headers in (("headers", plain), ("secretHeaders", secret)):
        for index, header in enumerate(headers):
            name, value = header["name"], header["prefix" if field == "secretHeaders" else "value"]
            if _NAME.fullmatch(name) is None or name.lower() in _OWN:
                yield (field, str(index), "name"), "Not a valid header name, or a header that cannot be set."
            if not is_value(value):
                last = "prefix" if field == "secretHeaders" else "value"
                yield (field, str(index), last), f"Must be printable ASCII, at most {_LONGEST_VALUE:,} characters."


def is_value(text: str) -> bool:
    return len(text) <= _LONGEST_VALUE and _VALUE.fullmatch(text) is not None


def samples_of(answer: Any) -> list[dict[str, Any]]:
    """The samples of an instant query in an answer of Prometheus' HTTP API: labels, and a value that is None if it is
    not a finite number.

    Raises:
        UnreadableAnswerError: there are none.
    """
    try:
        if answer["status"] != "success":
            raise UnreadableAnswerError(f"Prometheus answers: {answer['error']}")
        kind, result = answer["data"]["resultType"], answer["data"]["result"]
        if kind == "scalar":
            return [{"labels": {}, "value": _number(result[1])}]
        if kind != "vector":
            raise UnreadableAnswerError(f"The result of the query is a {str(kind)[:20]}, not a vector or a scalar.")
        if len(result) > MOST_SAMPLES:
            raise UnreadableAnswerError(f"The query has more than {MOST_SAMPLES:,} results.")
        return [{"labels": dict(each["metric"]), "value": _number(each["value"][1])} for each in result]
    except UnreadableAnswerError:
        raise
    except (KeyError, TypeError, ValueError, IndexError):
        raise UnreadableAnswerError("The answer is not one of Prometheus.") from None


def _number(text: Any) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
