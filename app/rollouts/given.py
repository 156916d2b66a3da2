"""Checks a strategy that a user gives, in the JSON form that is stored."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.rollouts.durations import duration
from app.rollouts.strategy import REST, Amount

MOST_WAVES = 50
MOST_CHECKS = 10
MOST_APPROVALS = 10
MOST_MEASUREMENTS = 100
MAX_CHARACTERS = 63

_AMOUNTS = ("size", "maxConcurrent", "maxFailures", "maxDeferred")
_DURATIONS = ("soak", "minReady", "deadline")
_LIMITS = ("failureLimit", "inconclusiveLimit", "errorLimit")
Found = Iterator[tuple[tuple[str, ...], str]]


def problems(given: Mapping[str, Any]) -> Found:
    """Yields (path, message) for everything that makes a strategy invalid, apart from its selectors."""
    waves = given["waves"]
    yield from _unreadable(given, ("maxUnavailable",), Amount.parse)
    if len(waves) > MOST_WAVES:
        yield ("waves",), f"A strategy has at most {MOST_WAVES} waves."
        return
    yield from _names(waves, ("waves",), "wave")
    for index, wave in enumerate(waves):
        for path, message in _wave(wave):
            yield ("waves", str(index), *path), message


def _wave(wave: Mapping[str, Any]) -> Found:
    if wave["name"] == REST:
        yield ("name",), f"{REST!r} is the wave of the targets that no other wave takes: choose another name."
    yield from _unreadable(wave, _AMOUNTS, Amount.parse)
    yield from _unreadable(wave, _DURATIONS, duration)
    approvals = wave["approvals"]
    if approvals is not None:
        if not 1 <= approvals["required"] <= MOST_APPROVALS:
            yield ("before", "required"), f"A wave needs between 1 and {MOST_APPROVALS} approvals."
        yield from ((("before", *path), message) for path, message in _unreadable(approvals, ("validFor",), duration))
    checks = wave["checks"]
    if len(checks) > MOST_CHECKS:
        yield ("checks",), f"A wave has at most {MOST_CHECKS} checks."
        return
    yield from _names(checks, ("checks",), "check")
    for index, check in enumerate(checks):
        for path, message in _check(check):
            yield ("checks", str(index), *path), message


def _check(check: Mapping[str, Any]) -> Found:
    yield from _unreadable(check, ("interval",), duration)
    if not 1 <= check["count"] <= MOST_MEASUREMENTS:
        yield ("count",), f"A check is measured between 1 and {MOST_MEASUREMENTS} times."
    for name in _LIMITS:
        if not 0 <= check[name] <= MOST_MEASUREMENTS:
            yield (name,), f"A limit is between 0 and {MOST_MEASUREMENTS}."


def _names(given: Sequence[Mapping[str, Any]], path: tuple[str, ...], what: str) -> Found:
    names = [one["name"] for one in given]
    for index, name in enumerate(names):
        if not name.strip() or len(name) > MAX_CHARACTERS or "\x00" in name:
            yield (*path, str(index), "name"), f"The name of a {what} has between 1 and {MAX_CHARACTERS} characters."
        elif name in names[:index]:
            yield (*path, str(index), "name"), f"There is another {what} {name!r}."


def _unreadable(given: Mapping[str, Any], names: Sequence[str], read: Any) -> Found:
    for name in names:
        try:
            read(given[name])
        except ValueError as error:
            yield (name,), str(error)
