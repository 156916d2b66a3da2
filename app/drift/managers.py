"""Determines who changed a field, from an object's `metadata.managedFields`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.health.kstatus import moment

_MOST = 100
"""The maximum number of entries of managedFields that are read."""


@dataclass(frozen=True, slots=True)
class Change:
    """`by` is the name that a client gave itself, such as `kubectl-edit`."""

    by: str
    at: datetime | None


class Managers:
    """The managers of an object's fields."""

    def __init__(self, managed_fields: Any) -> None:
        entries = managed_fields[:_MOST] if isinstance(managed_fields, list) else []
        self._entries = [entry for entry in entries if isinstance(entry, Mapping)]

    def last_change(self, live: Mapping[str, Any], segments: Sequence[str]) -> Change | None:
        """The entry that owns a field of the live object most specifically, and of several, the newest. None if no
        entry owns it, as for a field that was removed.

        The API server leaves `f:data: {}` to a client all of whose entries were taken over by others, and times are in
        seconds, so the newest entry is not always the one that owns the field itself."""
        found: list[tuple[int, str, int, Change]] = []
        for place, entry in enumerate(self._entries):
            manager, time = entry.get("manager"), entry.get("time")
            depth = _owned(entry.get("fieldsV1"), live, segments)
            if isinstance(manager, str) and depth is not None:
                written = time if isinstance(time, str) else ""
                found.append((depth, written, place, Change(manager, moment(written))))
        return max(found, key=lambda each: each[:3])[-1] if found else None


def _owned(fields: Any, value: Any, segments: Sequence[str]) -> int | None:
    """The number of segments at which a set of fields contains the place: fewer than all for a leaf above it, which
    stands for everything below. None if it does not contain it.

    `{".": {}}` is not a leaf: its manager owns the map or the item itself, and other managers what is in it."""
    for depth, segment in enumerate(segments):
        if not isinstance(fields, Mapping):
            return None
        if not fields:
            return depth
        if isinstance(value, Mapping):
            fields, value = fields.get(f"f:{segment}"), value.get(segment)
        elif isinstance(value, list):
            index = int(segment) if segment.isdecimal() and len(segment) < 10 else len(value)
            if index >= len(value):
                return None
            value = value[index]
            fields = _item(fields, value, index)
        else:
            return None
    return len(segments) if isinstance(fields, Mapping) else None


def _item(fields: Mapping[str, Any], item: Any, index: int) -> Any:
    """The fields of an item: its entry has its keys (`k:`), its value (`v:`) or its place (`i:`)."""
    for name, inner in fields.items():
        kind, _, written = name.partition(":")
        if kind == "i" and written == str(index):
            return inner
        if kind not in ("k", "v"):
            continue
        known = _read(written)
        if kind == "v" and known == item:
            return inner
        if kind == "k" and _has_keys(item, known):
            return inner
    return None


def _has_keys(item: Any, keys: Any) -> bool:
    if not isinstance(item, Mapping) or not isinstance(keys, dict) or not keys:
        return False
    return all(item.get(key) == value for key, value in keys.items())


def _read(written: str) -> Any:
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return None
