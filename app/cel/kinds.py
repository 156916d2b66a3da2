"""The kinds of JSON values that a check of expressions knows. As strings, they are their names in messages."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Basic(StrEnum):
    ANYTHING = "a value of any type"
    BOOLEAN = "a boolean"
    INTEGER = "a whole number"
    NOTHING = "null"
    NUMBER = "a number"
    TEXT = "a string"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Kind" = Basic.ANYTHING

    def __str__(self) -> str:
        return "a list"


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with any keys, whose values have one kind."""

    value: "Kind" = Basic.ANYTHING

    def __str__(self) -> str:
        return "a map"


@dataclass(frozen=True, slots=True)
class Record:
    """A map whose keys are known."""

    fields: Mapping[str, "Kind"] = field(default_factory=dict)

    def __str__(self) -> str:
        return "a map"


Kind = Basic | ListOf | MapOf | Record

UNSELECTABLE = frozenset({"true", "false", "null", "in"})
"""Identifiers that CEL does not accept after a dot."""
_IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def record(fields: Mapping[str, Kind]) -> Record | MapOf:
    """A map with these fields. It is not a record if a field has a name that cannot follow a dot: expressions reach
    such a field by `[…]`, which only maps have."""
    can_be_selected = all(_IDENTIFIER.fullmatch(name) and name not in UNSELECTABLE for name in fields)
    return Record(fields) if can_be_selected else MapOf()


KINDS: Mapping[str, Kind] = {
    "BOOL": Basic.BOOLEAN,
    "DOUBLE": Basic.NUMBER,
    "INT": Basic.INTEGER,
    "NULL": Basic.NOTHING,
    "STRING": Basic.TEXT,
}
"""The kinds by their names as types of CEL."""
_OTHERS = {
    "bytes": "bytes",
    "optional_type": "an optional value, which orValue(…) makes a plain one",
    "uint": "an unsigned number",
}
"""The names of types that JSON does not have."""


def named(type_name: str) -> str:
    """The name of a type of CEL in messages."""
    if type_name in KINDS:
        return str(KINDS[type_name])
    word = type_name.partition("<")[0].lower()
    return _OTHERS.get(word, f"a {word}")
