"""Checks a strategy that a user gives, in the JSON form that is stored."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.rollouts.durations import duration
from app.rollouts.given_checks import check_problems
from app.rollouts.stored_form import PLACE
from app.rollouts.strategy import REST, Amount

MOST_WAVES = 50
MOST_CHECKS = 10
MOST_APPROVALS = 10
MAX_CHARACTERS = 63

_AMOUNTS = ("size", "maxConcurrent", "maxFailures", "maxDeferred")
_DURATIONS = ("soak", "minReady", "deadline")
Found = Iterator[tuple[tuple[str, ...], str]]


def problems(given: Mapping[str, Any]) -> Found:
    """Yields (path, message) for everything that makes a strategy invalid, apart from its selectors."""
    waves = given["waves"]
    yield from _unreadable(given, ("maxUnavailable",), Amount.parse)
    if len(waves) > MOST_WAVES:
        yield ("waves",), f"A strategy can have at most {MOST_WAVES} waves."
        return
    yield from _names(waves, [("waves", str(index)) for index in range(len(waves))], "wave")
    for index, wave in enumerate(waves):
        for path, message in _wave(wave):
            yield ("waves", str(index), *path), message


def _wave(wave: Mapping[str, Any]) -> Found:
    if wave["name"] == REST:
        yield ("name",), f"{REST!r} is the name of the wave with the remaining targets. Choose another name."
    yield from _unreadable(wave, _AMOUNTS, Amount.parse)
    yield from _unreadable(wave, _DURATIONS, duration)
    approvals = wave["approvals"]
    if approvals is not None:
        if not 1 <= approvals["required"] <= MOST_APPROVALS:
            yield (*_gate(approvals), "approval", "required"), f"Must be between 1 and {MOST_APPROVALS}."
        for path, message in _unreadable(approvals, ("validFor",), duration):
            yield (*_gate(approvals), "approval", *path), message
    yield from _checks(wave)


def checks_of(wave: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The checks before and after a wave, each with its path in the input."""
    before = [((*_gate(check), "check"), check) for check in wave["checksBefore"]]
    return before + [(("checks", str(index)), check) for index, check in enumerate(wave["checks"])]


def _gate(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The path of an entry of `before`."""
    return "before", str(given[PLACE])


def _checks(wave: Mapping[str, Any]) -> Found:
    checks = checks_of(wave)
    if len(checks) > MOST_CHECKS:
        yield ("checks",), f"A wave can have at most {MOST_CHECKS} checks."
        return
    yield from _names([check for _, check in checks], [path for path, _ in checks], "check")
    for path, check in checks:
        yield from (((*path, *rest), message) for rest, message in check_problems(check))


def _names(given: Sequence[Mapping[str, Any]], paths: Sequence[tuple[str, ...]], what: str) -> Found:
    names = [one["name"] for one in given]
    for index, (name, path) in enumerate(zip(names, paths, strict=True)):
        if not name.strip() or len(name) > MAX_CHARACTERS or "\x00" in name:
            yield (*path, "name"), f"The name of a {what} must have between 1 and {MAX_CHARACTERS} characters."
        elif name in names[:index]:
            yield (*path, "name"), f"Another {what} is also named {name!r}."


def _unreadable(given: Mapping[str, Any], names: Sequence[str], read: Any) -> Found:
    for name in names:
        try:
            read(given[name])
        except ValueError as error:
            yield (name,), str(error)
