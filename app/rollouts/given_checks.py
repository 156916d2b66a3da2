"""Checks the checks of a strategy that a user gives, in the JSON form that is stored."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from app.rollouts.check_requests import METHODS, header_problems, url_problem
from app.rollouts.checks import CheckKind
from app.rollouts.durations import duration

MOST_MEASUREMENTS = 100
_LONGEST_NAME = 253
_LONGEST_BODY = 64 * 1024
_LONGEST_QUERY = 4096
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(seconds=60)
_LIMITS = ("failureLimit", "inconclusiveLimit", "errorLimit")
_LONGEST_JOB = timedelta(hours=6)
_MOST_ARGUMENTS = 100
_TOO_LONG = f"At most {_MOST_ARGUMENTS} entries and {_LONGEST_BODY:,} characters in total."
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
        yield ("count",), f"Must be between 1 and {MOST_MEASUREMENTS}."
    for name in _LIMITS:
        if not 0 <= check[name] <= MOST_MEASUREMENTS:
            yield (name,), f"Must be between 0 and {MOST_MEASUREMENTS}."
    if check["kind"] is None:
        yield (), f"Must have exactly one of {', '.join(map(field_of, CheckKind))}."
        return
    kind = CheckKind(check["kind"])
    for path, message in _SPECS[kind](check["spec"]):
        yield (field_of(kind), *path), message


def _object(spec: Mapping[str, Any]) -> Found:
    if _KIND.fullmatch(spec["kind"]) is None:
        yield ("kind",), "Not a valid kind, such as Deployment."
    elif spec["kind"] == "Secret" and not spec["apiGroup"]:
        yield ("kind",), "A check cannot examine a Secret."
    if not 0 < len(spec["name"]) <= _LONGEST_NAME:
        yield ("name",), f"Must have between 1 and {_LONGEST_NAME} characters."
    yield from _conditions(spec)


def _http(spec: Mapping[str, Any]) -> Found:
    if spec["method"] not in METHODS:
        yield ("method",), f"Must be one of {', '.join(METHODS)}."
    if spec["body"] is not None and (spec["method"] != "POST" or len(spec["body"]) > _LONGEST_BODY):
        yield ("body",), f"Only POST requests have a body, at most {_LONGEST_BODY:,} characters."
    yield from _request(spec)


def _prometheus(spec: Mapping[str, Any]) -> Found:
    if not 0 < len(spec["query"].strip()) <= _LONGEST_QUERY:
        yield ("query",), f"Must have between 1 and {_LONGEST_QUERY:,} characters."
    yield from _request(spec)
    yield from _conditions(spec)


def _request(spec: Mapping[str, Any]) -> Found:
    if problem := url_problem(spec["url"]):
        yield ("url",), problem
    yield from header_problems(spec)
    try:
        if not _SHORTEST <= duration(spec["timeout"]) <= _LONGEST:
            yield ("timeout",), "The timeout must be between 1s and 60s."
    except ValueError as error:
        yield ("timeout",), str(error)


def _job(spec: Mapping[str, Any]) -> Found:
    if _IMAGE.fullmatch(spec["image"]) is None:
        yield ("image",), "Not a valid image name, such as registry.example.com/tests:1.0."
    for name in ("command", "args"):
        if len(spec[name]) > _MOST_ARGUMENTS or sum(map(len, spec[name])) > _LONGEST_BODY:
            yield (name,), _TOO_LONG
    if len(spec["env"]) > _MOST_ARGUMENTS or sum(len(each["value"]) for each in spec["env"]) > _LONGEST_BODY:
        yield ("env",), _TOO_LONG
    for index, each in enumerate(spec["env"]):
        if _VARIABLE.fullmatch(each["name"]) is None:
            yield ("env", str(index), "name"), "Not a valid name of an environment variable."
    try:
        if not _SHORTEST <= duration(spec["timeout"]) <= _LONGEST_JOB:
            yield ("timeout",), "The timeout must be between 1s and 6h."
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
