"""Checks the resourceVersion of a read or a watch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.errors import ApiError, invalid, plain, version_too_large

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.requests import Ask


def _number(version: str, refusal: Callable[[str], ApiError]) -> int:
    if not version.isdigit():
        raise refusal(
            f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax'
        )
    return int(version)


def check(version: str, current: int, refusal: Callable[[str], ApiError]) -> None:
    """Raises an error for text that is not a version, in the form that the real server uses for this verb, or for a
    version that does not exist yet."""
    if version and (number := _number(version, refusal)) > current:
        raise version_too_large(number, current)


def watched(ask: Ask) -> tuple[str, bool]:
    """The version after which to start, and whether all existing objects come first (KEP-3157 for
    `sendInitialEvents`)."""
    version = ask.query.get("resourceVersion", "")
    if version:
        _number(version, plain)
    asked, match = ask.query.get("sendInitialEvents"), ask.query.get("resourceVersionMatch", "")
    cause = None
    if asked is None and match:
        message = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        cause = ("FieldValueForbidden", message, "resourceVersionMatch")
    elif asked is not None and match != "NotOlderThan":
        message = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        cause = ("FieldValueForbidden", message, "resourceVersionMatch")
    if cause is not None:
        raise invalid("meta.k8s.io", "ListOptions", "", [cause])
    return version, ask.truth("sendInitialEvents") if asked is not None else version in ("", "0")
