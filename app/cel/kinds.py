"""The kinds of JSON values that a check of expressions knows."""

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
