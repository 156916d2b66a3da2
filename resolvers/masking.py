"""What an event tells of an input: names and switches as they are, where values are and not what, and nothing secret.

A text is told only where its field is known to hold none that is secret: a field that nobody thought of is masked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from app.core.origin import LONGEST, plain

MASK = "***"
PLAIN = frozenset(
    (
        *("id", "name", "user", "organization", "group", "role"),
        *("cloud", "distribution", "region", "context", "cluster", "members", "targets", "feature"),
        "uid",
        *("repository", "chart", "version", "releaseName", "namespace", "description"),
        *("allowedNamespaces", "serviceAccount"),
        *("secret", "key", "path"),
    )
)
"""Fields of inputs whose texts are names."""

_MOST = 100
_LARGEST = 2**53  # JSON that has passed no check may hold any number


def masked(given: Any) -> dict[str, Any]:
    """An input, a dataclass, as JSON; what was left out is left out. Bounded, however large the input is."""
    found = {}
    for field in fields(given):
        name = to_camel_case(field.name)
        told = _told(name, getattr(given, field.name))
        if told is not None:
            found[name] = told
    return found


def _told(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < _LARGEST):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, strawberry.Some):
        return _told(name, value.value)
    if isinstance(value, str):
        return plain(value) if name in PLAIN else MASK
    if isinstance(value, Mapping):
        return [plain(path) for path in islice(_paths(value), _MOST)]
    if is_dataclass(value):
        return masked(value)
    if isinstance(value, list) and all(isinstance(each, str) or is_dataclass(each) for each in value):
        return [_told(name, each) for each in value[:_MOST]]
    return MASK  # JSON of another kind than it should be


def _paths(value: Mapping[str, Any]) -> Iterator[str]:
    """Where there are values, as in `database.password`, however deep."""
    left: list[tuple[str, Any]] = [("", value)]
    while left:
        path, below = left.pop()
        if isinstance(below, Mapping) and below:
            # As long as a path may be told, and no longer: a deep one would take the square of its depth.
            above = path[: LONGEST + 1] + "." if path else ""
            left.extend((f"{above}{key}", each) for key, each in reversed(list(below.items())))
        elif path:
            yield path
