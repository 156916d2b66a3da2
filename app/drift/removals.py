"""What an upgrade removes from an object: fields that the installed manifest has and the next one lacks.

A dry run of applying the next manifest does not remove them, because Helm has written them by an update and not by an
apply: the API server does not know that they came from the manifest.
"""

from collections.abc import Mapping
from typing import Any

_ABSENT: Any = object()


def without_removed(applied: Any, installed: Any, wanted: Any) -> Any:
    """The object as applying would leave it, without what the manifest no longer has."""
    if all(isinstance(each, Mapping) for each in (applied, installed, wanted)):
        return _of_map(applied, installed, wanted)
    if all(isinstance(each, list) for each in (applied, installed, wanted)):
        return _of_list(applied, installed, wanted)
    return applied


def _of_map(applied: Mapping[str, Any], installed: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in applied.items():
        before, after = installed.get(name, _ABSENT), wanted.get(name, _ABSENT)
        if before is _ABSENT:
            found[name] = value
        elif after is not _ABSENT:
            found[name] = without_removed(value, before, after)
        elif isinstance(before, Mapping) and isinstance(value, Mapping) and (rest := _of_map(value, before, {})):
            found[name] = rest  # others have written to the map, too
    return found


def _of_list(applied: list[Any], installed: list[Any], wanted: list[Any]) -> list[Any]:
    """The items of a list are matched by their names, as those of containers and environment variables. Other lists
    are replaced as a whole."""
    before, after = by_name(installed), by_name(wanted)
    if before is None or after is None or by_name(applied) is None:
        return applied
    found = []
    for item in applied:
        name = item["name"]
        if name in before and name not in after:
            continue
        found.append(without_removed(item, before[name], after[name]) if name in before else item)
    return found


def by_name(items: list[Any]) -> dict[str, Mapping[str, Any]] | None:
    """The items of a list by their names; None if an item has none, or shares it with another one."""
    if not all(isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in items):
        return None
    found = {item["name"]: item for item in items}
    return found if len(found) == len(items) else None
