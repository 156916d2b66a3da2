"""Reads fields of an object whose types are unchecked, as Kubernetes' Go libraries read unstructured objects.

`text`, `number` and `flag` return a default if the field is absent or of another type. `strict_text`, `strict_number`
and `strict_list` return None if it is absent, and raise for another type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

_INT64 = range(-(2**63), 2**63)
_ABSENT = object()


class UnreadableError(ValueError):
    """A field has another type than Kubernetes gives it. The message names the field."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An entry of `status.conditions`. Fields that it lacks are empty."""

    type: str
    status: str
    reason: str
    message: str
    since: str
    """Its `lastTransitionTime`."""


def text(live: Mapping[str, Any], *path: str, default: str = "") -> str:
    found = _lenient(live, path)
    return found if isinstance(found, str) else default


def number(live: Mapping[str, Any], *path: str, default: int) -> int:
    found = _lenient(live, path)
    return found if _is_integer(found) else default


def flag(live: Mapping[str, Any], *path: str) -> bool:
    return _lenient(live, path) is True


def items(live: Mapping[str, Any], *path: str) -> list[Mapping[str, Any]]:
    """The objects in a list; empty if the field is absent or not a list."""
    found = _lenient(live, path)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def strict_text(live: Mapping[str, Any], *path: str) -> str | None:
    found = _strict(live, path)
    if found is _ABSENT:
        return None
    if not isinstance(found, str):
        raise UnreadableError(f"{'.'.join(path)} is not a string")
    return found


def strict_number(live: Mapping[str, Any], *path: str) -> int | None:
    found = _strict(live, path)
    if found is _ABSENT:
        return None
    if not _is_integer(found):
        raise UnreadableError(f"{'.'.join(path)} is not a whole number")
    return found


def strict_list(live: Mapping[str, Any], *path: str) -> list[Any] | None:
    found = _strict(live, path)
    if found is _ABSENT:
        return None
    if not isinstance(found, list):
        raise UnreadableError(f"{'.'.join(path)} is not a list")
    return found


def conditions(live: Mapping[str, Any]) -> list[Condition]:
    """The entries of `status.conditions`, in their order.

    Raises:
        UnreadableError: if they do not have the form of conditions.
    """
    status = live.get("status")
    if status is None:
        return []
    if not isinstance(status, Mapping):
        raise UnreadableError("status is not an object")
    entries = status.get("conditions")
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise UnreadableError("status.conditions is not a list")
    return [_condition(entry) for entry in entries]


def condition_of(live: Mapping[str, Any], kind: str, status: str | None = None) -> Condition | None:
    """The first condition of this type, and of this status if one is given."""
    for condition in conditions(live):
        if condition.type == kind and (status is None or condition.status == status):
            return condition
    return None


def _condition(entry: Any) -> Condition:
    if entry is None:
        return Condition("", "", "", "", "")
    if not isinstance(entry, Mapping):
        raise UnreadableError("an entry of status.conditions is not an object")
    type_, status, reason, message = (_part(entry, name) for name in ("type", "status", "reason", "message"))
    return Condition(type_, status, reason, message, text(entry, "lastTransitionTime"))


def _part(entry: Mapping[str, Any], name: str) -> str:
    found = entry.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise UnreadableError(f"the {name} of an entry of status.conditions is not a string")
    return found


def _lenient(live: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(live, Mapping):
            return None
        live = live.get(name)
    return live


def _strict(live: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if live is None:
            return _ABSENT
        if not isinstance(live, Mapping):
            raise UnreadableError(f"{'.'.join(path)} is inside a value that is not an object")
        live = live.get(name, _ABSENT)
        if live is _ABSENT:
            return _ABSENT
    return live


def _is_integer(found: Any) -> TypeGuard[int]:
    return isinstance(found, int) and not isinstance(found, bool) and found in _INT64
