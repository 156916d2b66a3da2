"""Determines what is applied to set a drifted object back: the manifest's object, in which ignored places keep their
live values."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from app.drift.pointers import Segments

_ABSENT: Any = object()


def with_live_values(body: Mapping[str, Any], live: Mapping[str, Any], places: Iterable[Segments]) -> dict[str, Any]:
    """The manifest's object with the live values at these places, which are places in the live object.

    A place in a list that the manifest's object cannot be matched with is left as it is: the caller has to try out the
    result, and check that it changes none of the places.
    """
    found = plain(body)
    for segments in sorted(places):
        kept = _kept(found, live, segments)
        found = found if kept is _ABSENT else kept
    return found


def plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """The object with the texts of a Secret where the API server stores them."""
    texts = body.get("stringData")
    if body.get("kind") != "Secret" or not isinstance(texts, Mapping):
        return dict(body)
    encoded = {name: base64.b64encode(str(text).encode()).decode() for name, text in texts.items()}
    rest = {name: value for name, value in body.items() if name != "stringData"}
    return {**rest, "data": {**(body.get("data") or {}), **encoded}}


def _kept(body: Any, live: Any, segments: Segments) -> Any:
    """A copy of a part of the manifest's object with the live value at a place; `_ABSENT` removes the part."""
    if not segments:
        return live
    segment, rest = segments[0], segments[1:]
    if isinstance(body, list):
        return _in_list(body, live, segment, rest)
    if not isinstance(body, Mapping) and not (body is _ABSENT and isinstance(live, Mapping)):
        return body
    copy = dict(body) if isinstance(body, Mapping) else {}
    inner = live.get(segment, _ABSENT) if isinstance(live, Mapping) else _ABSENT
    kept = _kept(copy.get(segment, _ABSENT), inner, rest)
    copy.pop(segment, None)
    return copy if kept is _ABSENT else {**copy, segment: kept}


def _in_list(body: list[Any], live: Any, segment: str, rest: Segments) -> Any:
    """The same for a list: the items are matched by their names, or by their places if both lists are equally long."""
    if not isinstance(live, list) or not segment.isdecimal() or int(segment) >= len(live) or not rest:
        return body
    item = live[int(segment)]
    name = item.get("name") if isinstance(item, Mapping) else None
    at = next((i for i, each in enumerate(body) if name and isinstance(each, Mapping) and each.get("name") == name), -1)
    if at < 0 and name is None and len(body) == len(live):
        at = int(segment)
    if at < 0:
        return body
    kept = _kept(body[at], item, rest)
    return [*body[:at], *([] if kept is _ABSENT else [kept]), *body[at + 1 :]]
