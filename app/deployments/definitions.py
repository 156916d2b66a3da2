"""The changes of CustomResourceDefinitions in a plan, as JSON that can be stored and shown."""

from collections.abc import Iterable
from typing import Any

import orjson

from app.clusters.definitions import DefinitionChange
from app.drift.shown import shown
from app.releases.definitions import Versions
from app.releases.texts import without_nul


def written(changes: Iterable[DefinitionChange]) -> str | None:
    """The definitions that are created or replaced, by name; None if there are none."""
    rows = [_row(change) for change in changes if change.action is not None]
    if not rows:
        return None
    return orjson.dumps(sorted(rows, key=lambda row: str(row["name"])), option=orjson.OPT_SORT_KEYS).decode()


def read(text: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(text) if text is not None else []
    return found


def _row(change: DefinitionChange) -> dict[str, Any]:
    before, after = change.before or Versions((), (), None, ()), change.after
    found = shown(change.differences)
    return {
        "name": without_nul(change.name),
        "action": change.action,
        "served": _names(before.served),
        "stored": _names(before.stored),
        "planned_served": _names(after.served),
        "planned_storage": after.storage and without_nul(after.storage),
        "removed": _names(change.vanishing.names),
        "differences": found.rows,
        "differences_left_out": found.left_out,
    }


def _names(versions: Iterable[str]) -> list[str]:
    return [without_nul(version) for version in versions]
