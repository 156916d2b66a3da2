"""One form for each JSON value, so that equal values have equal bytes and equal digests.

Numbers are IEEE doubles, as they are in Helm (and in RFC 8785): `1` and `1.0` are one value, and a whole number beyond
2^53 is what Helm's release record makes of it.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson

_EXACT = 2**53


def normal(value: Any) -> Any:
    """The value with every number in its one form; maps and lists are copied."""
    if isinstance(value, Mapping):
        return {key: normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [normal(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = float(value)
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number


def canonical(value: Any) -> bytes:
    """The one JSON text of a value: keys sorted, numbers normal, no white space."""
    return orjson.dumps(normal(value), option=orjson.OPT_SORT_KEYS)


def same_version(one: str, other: str) -> bool:
    """Whether two chart versions are one: `v1.0.0` and `1.0.0` are."""
    return plain_version(one) == plain_version(other)


def plain_version(version: str) -> str:
    """The version without the `v` that some write before it."""
    return re.sub(r"^[vV](?=\d)", "", version.strip())


def digest(chart_name: str, chart_version: str, values: Mapping[str, Any] | None) -> bytes:
    """What makes a release the one that is wanted, in 16 bytes: chart name, version and user-supplied values."""
    text = canonical([chart_name, plain_version(chart_version), values or {}])
    return hashlib.blake2b(text, digest_size=16).digest()
