"""Differences as they are stored and shown: bounded, and as JSON."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from app.drift.comparison import FieldDifference
from app.releases.texts import without_nul

MOST_STORED = 32 * 1024
"""The maximum number of characters of one object's differences, as JSON."""
_LONGEST = 1000
_CUT = "…"


class Shown(NamedTuple):
    rows: list[dict[str, Any]]
    left_out: int


def shown(differences: Sequence[FieldDifference]) -> Shown:
    """The differences as they are stored, as many as fit; those that count as drift come first."""
    rows: list[dict[str, Any]] = []
    size = 0
    for each in sorted(differences, key=lambda each: each.ignored_by is not None):
        row = {
            "path": without_nul(each.path),
            "wanted": _bounded(each.wanted),
            "live": _bounded(each.live),
            "changed_by": each.changed_by and without_nul(each.changed_by[:200]),
            "changed_at": each.changed_at and each.changed_at.isoformat(),
            "ignored_by": each.ignored_by,
        }
        size += len(json.dumps(row))
        if size > MOST_STORED:
            break
        rows.append(row)
    return Shown(rows, len(differences) - len(rows))


def _bounded(value: Any) -> Any:
    """A value that is short enough for a screen. A long list or map is shown as the beginning of its JSON text."""
    if isinstance(value, str):
        return without_nul(value)
    text = json.dumps(value)
    if len(text) > _LONGEST:
        return text[:_LONGEST] + _CUT
    return json.loads(text.replace("\\u0000", ""))
