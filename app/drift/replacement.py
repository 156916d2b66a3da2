"""Determines what the manifest wants of an object to which the API server refuses to apply it.

An apply only sets fields. If another client has chosen another member of a union, such as a second type of a probe or a
volume, or another key of a list item, such as the port of a Service, the result would have both, and is refused. Some
objects cannot be applied at all: those with two entries of one key in a list. Instead, a dry run returns the
object whose sections (`spec`, `data`) are those of the manifest. This is the manifest with the API server's defaults,
without the fields that others have added.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.drift.pointers import pointer_of
from app.drift.removals import by_name

_IDENTITY = frozenset({"apiVersion", "kind", "metadata", "status"})
_METADATA = ("annotations", "labels")
_OPEN = frozenset({"annotations", "labels", "matchLabels", "nodeSelector"})
"""Maps in which any client adds keys of its own."""


@dataclass(frozen=True, slots=True)
class _Closing:
    """Which maps lose the fields that others have added: those at this depth or deeper in which the manifest's value
    differs, or a value at most `levels` maps below."""

    depth: int
    levels: int = 0


_NONE = _Closing(100)
_ORDER = (_NONE, _Closing(2), _Closing(1), _Closing(2, 1))
_ABSENT: Any = object()


def replacement(body: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The live object with the sections of the manifest's object, and with its labels and annotations."""
    metadata = dict(live["metadata"])
    for name in _METADATA:
        if merged := {**_map(metadata.get(name)), **_map(body["metadata"].get(name))}:
            metadata[name] = merged
    sections = {name: value for name, value in body.items() if name not in _IDENTITY}
    return {**live, **sections, "metadata": metadata}


def patch_to(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The JSON patch that makes the live object the wanted one. The API server refuses it if the object has changed."""
    metadata = wanted["metadata"]
    version = {"op": "add", "path": "/metadata/resourceVersion", "value": live["metadata"].get("resourceVersion")}
    operations = [version, *(_add(("metadata", name), metadata[name]) for name in _METADATA if name in metadata)]
    return operations + [_add((name,), value) for name, value in wanted.items() if name not in _IDENTITY]


def wanted_by(body: Mapping[str, Any], replaced: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The live object with the values of the manifest's fields, and with all fields that others have added.

    Args:
        body: the manifest's object.
        replaced: the API server's answer to a dry run of `replacement`.
    """
    return _wanted(body, replaced, live, _NONE)


def candidates(
    body: Mapping[str, Any], replaced: Mapping[str, Any], live: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Objects to set the live object back to, the most careful first. The later ones lack the fields that others have
    added beside a field that differs: these may be the other members of a union."""
    for closing in _ORDER:
        yield _wanted(body, replaced, live, closing)


def _wanted(
    body: Mapping[str, Any], replaced: Mapping[str, Any], live: Mapping[str, Any], closing: _Closing
) -> dict[str, Any]:
    found = dict(live)
    found["metadata"] = {**live["metadata"]}
    for name in _METADATA:
        if name in body["metadata"] and name in replaced["metadata"]:
            found["metadata"][name] = replaced["metadata"][name]
    for name in body:
        if name not in _IDENTITY and name in replaced:
            found[name] = _merged(body[name], replaced[name], live.get(name, _ABSENT), (name,), closing)
    return found


def _merged(body: Any, replaced: Any, live: Any, segments: tuple[str, ...], closing: _Closing) -> Any:
    """A part of the live object with the values of the manifest's fields, or a part that it lacks."""
    if all(isinstance(side, Mapping) for side in (body, replaced, live)):
        return _merged_map(body, replaced, live, segments, closing)
    if not all(isinstance(side, list) for side in (body, replaced, live)):
        return replaced
    items, others, present = by_name(body), by_name(replaced), by_name(live)
    if items is None or others is None or present is None:
        return replaced
    deeper = (*segments, "*")
    return [
        _merged(items[name], others[name], item, deeper, closing) if name in items and name in others else item
        for name, item in present.items()
    ] + [others[name] for name in items if name in others and name not in present]


def _merged_map(
    body: Mapping[str, Any],
    replaced: Mapping[str, Any],
    live: Mapping[str, Any],
    segments: tuple[str, ...],
    closing: _Closing,
) -> dict[str, Any]:
    can_close = len(segments) >= closing.depth and segments[-1] not in _OPEN
    found = dict(live)
    if can_close and _differ(body, replaced, live, closing.levels):
        found = {name: value for name, value in live.items() if name in replaced}
    return found | {
        name: _merged(body[name], replaced[name], live.get(name, _ABSENT), (*segments, name), closing)
        for name in body
        if name in replaced
    }


def _differ(body: Mapping[str, Any], replaced: Mapping[str, Any], live: Mapping[str, Any], levels: int) -> bool:
    """Whether the live object lacks a field of the manifest or has another value, or does so at most `levels` maps
    below."""
    for name in body.keys() & replaced.keys():
        one, other, present = body[name], replaced[name], live.get(name, _ABSENT)
        if all(isinstance(side, Mapping) for side in (one, other, present)):
            if levels and _differ(one, other, present, levels - 1):
                return True
        elif present is _ABSENT or (not isinstance(other, list) and other != present):
            return True
    return False


def _add(segments: tuple[str, ...], value: Any) -> dict[str, Any]:
    return {"op": "add", "path": pointer_of(segments), "value": value}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
