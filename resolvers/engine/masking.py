"""The part of a mutation's input that the audit log keeps: names and switches as they are, the paths of values, and no
secrets.

A text is kept only if its field is known to hold no secrets. A field that is not listed is masked.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from app.core.origin import LONGEST, plain

MASK = "***"
_MOST = 100
_LARGEST = 2**53  # JSON that has passed no check may hold any number


def masked(given: Any, plain_fields: Set[str]) -> dict[str, Any]:
    """An input, a dataclass, as JSON; what was left out is left out. Bounded, however large the input is.

    Texts are kept in `plain_fields` alone."""
    found = {}
    for field in fields(given):
        name = to_camel_case(field.name)
        kept = _masked(name, getattr(given, field.name), plain_fields)
        if kept is not None:
            found[name] = kept
    return found


def _masked(name: str, value: Any, plain_fields: Set[str]) -> Any:
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < _LARGEST):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, strawberry.Some):
        return _masked(name, value.value, plain_fields)
    if isinstance(value, str):
        return plain(value) if name in plain_fields else MASK
    if isinstance(value, Mapping):
        return [plain(path) for path in islice(_paths(value), _MOST)]
    if is_dataclass(value):
        return masked(value, plain_fields)
    if isinstance(value, list) and all(isinstance(each, str) or is_dataclass(each) for each in value):
        return [_masked(name, each, plain_fields) for each in value[:_MOST]]
    return MASK  # JSON of another kind than it should be


def _paths(value: Mapping[str, Any]) -> Iterator[str]:
    """Where there are values, as in `database.password`, however deep."""
    left: list[tuple[str, Any]] = [("", value)]
    while left:
        path, below = left.pop()
        if isinstance(below, Mapping) and below:
            # Paths are cut at the length that is kept: otherwise they would take memory with the square of their depth.
            above = path[: LONGEST + 1] + "." if path else ""
            left.extend((f"{above}{key}", each) for key, each in reversed(list(below.items())))
        elif path:
            yield path
