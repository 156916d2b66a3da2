"""Finds the differences between a live object and what its release wants.

The wanted object is the API server's answer to a dry run of applying the release's object. It has the server's defaults
and all fields that others have added, which are equal on both sides and therefore no drift. The remaining differences
are what applying would change.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.drift.managers import Managers
from app.drift.pointers import Segments, covers, pointer_of, segments_of
from app.health.kinds import Kind, kind_of
from app.releases.references import HIDDEN
from app.releases.scrubbing import NOTHING, Scrubber

MAX_DIFFERENCES = 100
"""The maximum number of differences that are listed for one object."""
MAX_SHOWN = 500
"""The maximum number of characters of a text, and of values of a list, that are shown."""
_MAX_DEPTH = 100
"""The number of levels that are compared one by one. Deeper values are compared as a whole."""

_METADATA = ("annotations", "labels")
_NOISE = frozenset({"apiVersion", "kind", "metadata", "status"})
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """`wanted` or `live` is None if that side lacks the field. `ignored_by` is the rule that ignores the difference."""

    path: str
    wanted: Any
    live: Any
    changed_by: str | None = None
    changed_at: datetime | None = None
    ignored_by: str | None = None


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Differences below these places do not count as drift, for objects of a kind or, with None, for all. In a path `*`
    stands for any one segment: `/spec/template/spec/containers/*/image`."""

    name: str
    paths: tuple[str, ...]
    kind: Kind | None = None
    object_name: str | None = None


def differences(
    wanted: Mapping[str, Any],
    live: Mapping[str, Any],
    ignore: Iterable[IgnoreRule] = (),
    managed_fields: Any = None,
    scrubber: Scrubber = NOTHING,
) -> list[FieldDifference]:
    """The first `MAX_DIFFERENCES` places where the objects differ, by path.

    Labels, annotations and everything beside metadata and status are compared. Both objects have `apiVersion` and
    `kind`. The data of Secrets is hidden, and so are the texts that the scrubber knows.

    Args:
        wanted: the answer to the dry run.
        live: the object as it is.
        ignore: rules whose places are marked as ignored; `autoscaled` gives those for replicas.
        managed_fields: the live object's `metadata.managedFields`, which say who changed a field.
        scrubber: knows values of secrets that a chart may have put into any object.
    """
    patterns = _patterns(ignore, live)
    managers = Managers(managed_fields)
    is_secret = kind_of(live).kind in ("Secret", "SecretList")
    found = []
    for segments, one, other in _differing(compared(wanted), compared(live), ()):
        change = None if other is _ABSENT else managers.last_change(live, segments)
        ignored_by = _ignoring(patterns, segments)
        hides = is_secret and _is_secret(segments)
        difference = FieldDifference(
            pointer_of(segments), *(_shown(each, scrubber, hides=hides) for each in (one, other))
        )
        if change:
            difference = replace(difference, changed_by=change.by, changed_at=change.at)
        found.append(replace(difference, ignored_by=ignored_by))
        if len(found) == MAX_DIFFERENCES:
            break
    return found


@dataclass(frozen=True, slots=True)
class Places:
    """All places where two objects differ, without a limit: those that count as drift, and those that are ignored."""

    drifted: frozenset[Segments]
    ignored: frozenset[Segments]


def places(wanted: Mapping[str, Any], live: Mapping[str, Any], ignore: Iterable[IgnoreRule] = ()) -> Places:
    """The places of all `differences`."""
    patterns = _patterns(ignore, live)
    found = {
        segments: _ignoring(patterns, segments) for segments, _, _ in _differing(compared(wanted), compared(live), ())
    }
    ignored = frozenset(segments for segments, rule in found.items() if rule is not None)
    return Places(frozenset(found) - ignored, ignored)


def _patterns(rules: Iterable[IgnoreRule], live: Mapping[str, Any]) -> list[tuple[str, Segments]]:
    return [(rule.name, segments_of(path)) for rule in rules if _concerns(rule, live) for path in rule.paths]


def _ignoring(patterns: Sequence[tuple[str, Segments]], segments: Segments) -> str | None:
    """The name of the rule that ignores a place."""
    return next((name for name, pattern in patterns if covers(pattern, segments)), None)


def _concerns(rule: IgnoreRule, live: Mapping[str, Any]) -> bool:
    metadata = live.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return rule.kind in (None, kind_of(live)) and rule.object_name in (None, name)


def compared(held: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an object that are compared."""
    metadata = held.get("metadata")
    kept = metadata if isinstance(metadata, Mapping) else {}
    kept = {name: kept[name] for name in _METADATA if kept.get(name)}
    return {**({"metadata": kept} if kept else {}), **{name: held[name] for name in held if name not in _NOISE}}


def _differing(wanted: Any, live: Any, segments: Segments) -> Iterator[tuple[Segments, Any, Any]]:
    """The deepest places that differ. A part that one side lacks is also split up, so that rules can name places in
    it."""
    pairs = _entries(wanted, live) if len(segments) < _MAX_DEPTH else None
    if pairs is not None:
        for segment, one, other in pairs:
            yield from _differing(one, other, (*segments, segment))
    elif wanted is _ABSENT or live is _ABSENT or wanted != live or isinstance(wanted, bool) != isinstance(live, bool):
        yield segments, wanted, live


def _entries(wanted: Any, live: Any) -> list[tuple[str, Any, Any]] | None:
    """The entries of two maps or two lists of objects side by side; None for anything else, and for empty ones."""
    sides = [side for side in (wanted, live) if side is not _ABSENT]
    if all(isinstance(side, Mapping) for side in sides) and any(sides):
        one, other = ({} if side is _ABSENT else side for side in (wanted, live))
        return [(key, one.get(key, _ABSENT), other.get(key, _ABSENT)) for key in sorted(one.keys() | other.keys())]
    if all(_is_list_of_objects(side) for side in sides):
        return _items(*([] if side is _ABSENT else side for side in (wanted, live)))
    return None


def _is_list_of_objects(side: Any) -> bool:
    return isinstance(side, list) and bool(side) and all(isinstance(item, Mapping) for item in side)


def _items(wanted: Sequence[Any], live: Sequence[Any]) -> list[tuple[str, Any, Any]]:
    """Items side by side: by name where every item has another one, as containers and environment variables have, or
    else by place. The segment is the place in the live list, or in the wanted one for items that the live one lacks."""
    names, others = _names(wanted), _names(live)
    if names is None or others is None:
        length = max(len(wanted), len(live))
        return [
            (str(i), wanted[i] if i < len(wanted) else _ABSENT, live[i] if i < len(live) else _ABSENT)
            for i in range(length)
        ]
    found = [(str(i), wanted[names[name]] if name in names else _ABSENT, live[i]) for name, i in others.items()]
    return found + [(str(i), wanted[i], _ABSENT) for name, i in names.items() if name not in others]


def _names(items: Sequence[Any]) -> dict[str, int] | None:
    listed = [item.get("name") for item in items]
    if not all(isinstance(name, str) for name in listed):
        return None
    names = {name: place for place, name in enumerate(listed)}
    return names if len(names) == len(items) else None


def _is_secret(segments: Segments) -> bool:
    """Whether a place in a Secret, or in a list of Secrets, must be hidden."""
    inner = segments[2:] if segments[0] == "items" else segments
    return not inner or inner[0] in ("data", "stringData") or inner[-1] == _LAST_APPLIED


def _shown(value: Any, scrubber: Scrubber, *, hides: bool) -> Any:
    if value is _ABSENT or value is None:
        return None
    if hides:
        return HIDDEN
    if isinstance(value, str):
        text = scrubber.clean(value, instead=HIDDEN)
        return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    if isinstance(value, list):
        return [_shown(item, scrubber, hides=False) for item in value[:MAX_SHOWN]]
    if isinstance(value, Mapping):
        # Maps have been split up, so this one is empty, too deep, or in a list with values that are not maps.
        return {"…": "…"} if value else {}
    return value
