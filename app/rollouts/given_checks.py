"""Checks the checks of a strategy that a user gives, in the JSON form that is stored."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from app.rollouts.checks import CheckKind
from app.rollouts.durations import duration
from app.rollouts.web import METHODS, header_problems, url_problem

MOST_MEASUREMENTS = 100
_LONGEST_NAME = 253
_LONGEST_BODY = 64 * 1024
_LONGEST_QUERY = 4096
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(seconds=60)
_LIMITS = ("failureLimit", "inconclusiveLimit", "errorLimit")
_LONGEST_JOB = timedelta(hours=6)
_MOST_ARGUMENTS = 100
_IMAGE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._/:@-]{0,499}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,252}")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")
Found = Iterator[tuple[tuple[str, ...], str]]

CONDITIONS = ("passes", "fails")
"""The fields of a specification that are expressions in CEL."""

VARIABLES: Mapping[CheckKind, tuple[str, ...]] = {
    CheckKind.OBJECT: ("apiVersion", "kind", "metadata", "spec", "status", "data", "object"),
    CheckKind.HTTP: ("status", "headers", "body", "json"),
    CheckKind.PROMETHEUS: ("result", "samples"),
}
"""The names that the conditions of a check may use."""


def field_of(kind: CheckKind) -> str:
    """The field of the API's input that gives a check of this kind."""
    return kind.value.lower()


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
        yield (), f"A check has exactly one of {', '.join(map(field_of, CheckKind))}."
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


def _http(spec: Mapping[str, Any]) -> Found:
    if spec["method"] not in METHODS:
        yield ("method",), f"A method is one of {', '.join(METHODS)}."
    if spec["body"] is not None and (spec["method"] != "POST" or len(spec["body"]) > _LONGEST_BODY):
        yield ("body",), f"A body is sent with POST, and has at most {_LONGEST_BODY:,} characters."
    yield from _request(spec)


def _prometheus(spec: Mapping[str, Any]) -> Found:
    if not 0 < len(spec["query"].strip()) <= _LONGEST_QUERY:
        yield ("query",), f"A query has between 1 and {_LONGEST_QUERY:,} characters."
    yield from _request(spec)
    yield from _conditions(spec)


def _request(spec: Mapping[str, Any]) -> Found:
    if problem := url_problem(spec["url"]):
        yield ("url",), problem
    yield from header_problems(spec)
    try:
        if not _SHORTEST <= duration(spec["timeout"]) <= _LONGEST:
            yield ("timeout",), "A request takes between 1s and 60s."
    except ValueError as error:
        yield ("timeout",), str(error)


def _job(spec: Mapping[str, Any]) -> Found:
    if _IMAGE.fullmatch(spec["image"]) is None:
        yield ("image",), "It is not the name of an image, such as registry.example.com/tests:1.0."
    for name in ("command", "args"):
        if len(spec[name]) > _MOST_ARGUMENTS or sum(map(len, spec[name])) > _LONGEST_BODY:
            yield (name,), f"It has at most {_MOST_ARGUMENTS} entries, with {_LONGEST_BODY:,} characters."
    if len(spec["env"]) > _MOST_ARGUMENTS or sum(len(each["value"]) for each in spec["env"]) > _LONGEST_BODY:
        yield ("env",), f"It has at most {_MOST_ARGUMENTS} entries, with {_LONGEST_BODY:,} characters."
    for index, each in enumerate(spec["env"]):
        if _VARIABLE.fullmatch(each["name"]) is None:
            yield ("env", str(index), "name"), "It is not the name of an environment variable."
    try:
        if not _SHORTEST <= duration(spec["timeout"]) <= _LONGEST_JOB:
            yield ("timeout",), "A Job takes between 1s and 6h."
    except ValueError as error:
        yield ("timeout",), str(error)


def _conditions(spec: Mapping[str, Any]) -> Found:
    if all(spec[name] is None for name in CONDITIONS):
        yield (), "A check needs a condition: `passes`, `fails` or both."


def _nothing(spec: Mapping[str, Any]) -> Found:
    yield from ()


_SPECS: Mapping[CheckKind, Callable[[Mapping[str, Any]], Found]] = {
    CheckKind.HEALTH: _nothing,
    CheckKind.OBJECT: _object,
    CheckKind.HTTP: _http,
    CheckKind.PROMETHEUS: _prometheus,
    CheckKind.JOB: _job,
}
