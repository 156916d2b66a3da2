"""Determines what the manifest wants of an object to which the API server refuses to apply it.

An apply only sets fields. If another client has chosen another member of a union, such as a second type of a probe or a
volume, or another key of a list item, such as the port of a Service, the result would have both, and is refused. Some
objects cannot be applied at all: those with two entries of one key in a list. Instead, the API server is asked for the
object whose sections (`spec`, `data`) are those of the manifest. This is the manifest with the API server's defaults,
without the fields that others have added.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.drift.pointers import pointer_of
from app.drift.removals import by_name

_IDENTITY = frozenset({"apiVersion", "kind", "metadata", "status"})
_METADATA = ("annotations", "labels")
_OPEN = frozenset({"annotations", "labels", "matchLabels", "nodeSelector"})
"""Maps in which any client adds keys of its own."""
_ABSENT: Any = object()
_NEVER = 100


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
    return _wanted(body, replaced, live, closed_from=_NEVER)


def candidates(
    body: Mapping[str, Any], replaced: Mapping[str, Any], live: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Objects to set the live object back to, the most careful first. The later ones lack the fields that others have
    added beside a field that differs: these may be the other members of a union."""
    for depth in (_NEVER, 2, 1):
        yield _wanted(body, replaced, live, closed_from=depth)


def _wanted(
    body: Mapping[str, Any], replaced: Mapping[str, Any], live: Mapping[str, Any], closed_from: int
) -> dict[str, Any]:
    found = dict(live)
    found["metadata"] = {**live["metadata"]}
    for name in _METADATA:
        if name in body["metadata"] and name in replaced["metadata"]:
            found["metadata"][name] = replaced["metadata"][name]
    for name in body:
        if name not in _IDENTITY and name in replaced:
            found[name] = _merged(body[name], replaced[name], live.get(name, _ABSENT), (name,), closed_from)
    return found


def _merged(body: Any, replaced: Any, live: Any, steps: tuple[str, ...], closed_from: int) -> Any:
    """A part of the live object with the values of the manifest's fields, or a part that it lacks."""
    if all(isinstance(side, Mapping) for side in (body, replaced, live)):
        return _merged_map(body, replaced, live, steps, closed_from)
    if not all(isinstance(side, list) for side in (body, replaced, live)):
        return replaced
    items, others, present = by_name(body), by_name(replaced), by_name(live)
    if items is None or others is None or present is None:
        return replaced
    deeper = (*steps, "*")
    return [
        _merged(items[name], others[name], item, deeper, closed_from) if name in items and name in others else item
        for name, item in present.items()
    ] + [others[name] for name in items if name in others and name not in present]


def _merged_map(
    body: Mapping[str, Any],
    replaced: Mapping[str, Any],
    live: Mapping[str, Any],
    steps: tuple[str, ...],
    closed_from: int,
) -> dict[str, Any]:
    names = [name for name in body if name in replaced]
    is_closed = len(steps) >= closed_from and steps[-1] not in _OPEN
    found = dict(live)
    if is_closed and any(name not in live or _differs(replaced[name], live[name]) for name in names):
        found = {name: value for name, value in live.items() if name in replaced}
    return found | {
        name: _merged(body[name], replaced[name], live.get(name, _ABSENT), (*steps, name), closed_from)
        for name in names
    }


def _differs(replaced: Any, live: Any) -> bool:
    return not isinstance(replaced, (Mapping, list)) and replaced != live


def _add(steps: tuple[str, ...], value: Any) -> dict[str, Any]:
    return {"op": "add", "path": pointer_of(steps), "value": value}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
