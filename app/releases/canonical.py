"""Gives each JSON value one canonical form, so that equal values have equal bytes and equal digests.

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
    """The value with every number in canonical form; maps and lists are copied."""
    if isinstance(value, Mapping):
        return {key: normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [normal(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = float(value)
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number


def canonical(value: Any) -> bytes:
    """The canonical JSON text of a value: keys sorted, numbers normalized, no white space."""
    return orjson.dumps(normal(value), option=orjson.OPT_SORT_KEYS)


def same_version(one: str, other: str) -> bool:
    """Whether two chart versions are the same, such as `v1.0.0` and `1.0.0`."""
    return plain_version(one) == plain_version(other)


def plain_version(version: str) -> str:
    """The version without the `v` prefix, if it has one."""
    return re.sub(r"^[vV](?=\d)", "", version.strip())


def digest(chart_name: str, chart_version: str, values: Mapping[str, Any] | None) -> bytes:
    """A digest in 16 bytes of what makes a release the desired one: chart name, version and user-supplied values."""
    text = canonical([chart_name, plain_version(chart_version), values or {}])
    return hashlib.blake2b(text, digest_size=16).digest()
