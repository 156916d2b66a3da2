"""Checks the checks of a strategy that a user gives, in the JSON form that is stored."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.rollouts.checks import CheckKind
from app.rollouts.durations import duration

MOST_MEASUREMENTS = 100
_LONGEST_NAME = 253
_KINDS = {"health": CheckKind.HEALTH, "object": CheckKind.OBJECT}
_LIMITS = ("failureLimit", "inconclusiveLimit", "errorLimit")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")
Found = Iterator[tuple[tuple[str, ...], str]]

CONDITIONS = ("passes", "fails")
"""The fields of a specification that are expressions in CEL."""

VARIABLES: Mapping[CheckKind, tuple[str, ...]] = {
    CheckKind.OBJECT: ("apiVersion", "kind", "metadata", "spec", "status", "data", "object"),
}
"""The names that the conditions of a check may use."""


def field_of(kind: CheckKind) -> str:
    """The field of the API's input that gives a check of this kind."""
    return next(name for name, each in _KINDS.items() if each is kind)


def check_problems(check: Mapping[str, Any]) -> Found:
    """Yields (path, message) for everything that makes a check invalid, apart from its name and its expressions."""
    try:
        duration(check["interval"])
    except ValueError as error:
        yield ("interval",), str(error)
    if not 1 <= check["count"] <= MOST_MEASUREMENTS:
        yield ("count",), f"A check is measured between 1 and {MOST_MEASUREMENTS} times."
    for name in _LIMITS:
        if not 0 <= check[name] <= MOST_MEASUREMENTS:
            yield (name,), f"A limit is between 0 and {MOST_MEASUREMENTS}."
    if check["kind"] is None:
        yield (), f"A check has exactly one of {', '.join(_KINDS)}."
        return
    kind = CheckKind(check["kind"])
    for path, message in _SPECS[kind](check["spec"]):
        yield (field_of(kind), *path), message


def _object(spec: Mapping[str, Any]) -> Found:
    if _KIND.fullmatch(spec["kind"]) is None:
        yield ("kind",), "It is not the kind of an object, such as Deployment."
    elif spec["kind"] == "Secret" and not spec["apiGroup"]:
        yield ("kind",), "A check cannot examine a Secret."
    if not 0 < len(spec["name"]) <= _LONGEST_NAME:
        yield ("name",), f"The name of an object has between 1 and {_LONGEST_NAME} characters."
    yield from _conditions(spec)


def _conditions(spec: Mapping[str, Any]) -> Found:
    if all(spec[name] is None for name in CONDITIONS):
        yield (), "A check needs a condition: `passes`, `fails` or both."


def _nothing(spec: Mapping[str, Any]) -> Found:
    yield from ()


_SPECS: Mapping[CheckKind, Callable[[Mapping[str, Any]], Found]] = {
    CheckKind.HEALTH: _nothing,
    CheckKind.OBJECT: _object,
}
