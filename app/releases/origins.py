"""Where each value of a merged document comes from, and which values of weaker layers it hides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.releases.canonical import canonical
from app.releases.expressions import OPEN
from app.releases.layers import Origin
from app.releases.paths import Segments, path_of


@dataclass(frozen=True)
class HiddenValue:
    """A value of a weaker layer. Its path is that of the value that hides it, or one above."""

    path: str
    origin: Origin
    value: Any


@dataclass(frozen=True)
class ValueOrigin:
    """A value that is not a map, or an empty map; the layer that it comes from, and the values that it hides, the
    strongest first."""

    segments: Segments
    value: Any
    origin: Origin
    hides: tuple[HiddenValue, ...] = ()

    @property
    def path(self) -> str:
        return path_of(self.segments)


def origins(layers: Sequence[tuple[Origin, Mapping[str, Any]]]) -> Iterator[ValueOrigin]:
    """Yields the origin of each value of the merged layers, which are given weakest first, by path."""
    if layers:
        yield from _origins((), layers, ())


def _origins(
    segments: Segments, found: Sequence[tuple[Origin, Any]], above: tuple[HiddenValue, ...]
) -> Iterator[ValueOrigin]:
    """`found` are the values of the layers that have any at this path. Maps are merged down to the last value that is
    not a map: that one, and all below it, are hidden."""
    first = len(found) - 1
    while first > 0 and isinstance(found[first][1], Mapping) and isinstance(found[first - 1][1], Mapping):
        first -= 1
    path = path_of(segments)
    hides = (*(HiddenValue(path, origin, value) for origin, value in reversed(found[:first])), *above)
    live = found[first:]
    keys = sorted({key for _, value in live if isinstance(value, Mapping) for key in value})
    if not keys:
        origin, value = live[-1]
        if segments:
            yield ValueOrigin(segments, value, origin, hides)
        return
    for key in keys:
        below = [(origin, value[key]) for origin, value in live if key in value]
        yield from _origins((*segments, key), below, hides)


@dataclass(frozen=True)
class Compared:
    """The two values at one path; None if there is none."""

    path: str
    a: ValueOrigin | None
    b: ValueOrigin | None


def compared(a: Sequence[ValueOrigin], b: Sequence[ValueOrigin]) -> list[Compared]:
    """The paths at which two documents differ, in order."""
    ours, theirs = {one.segments: one for one in a}, {one.segments: one for one in b}
    found = []
    for segments in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(segments), theirs.get(segments)
        if one is None or other is None or canonical(one.value) != canonical(other.value):
            found.append(Compared(path_of(segments), one, other))
    return found


def expression_at(values: Mapping[str, Any], segments: Segments) -> str | None:
    """The text with expressions that a value at this path comes from, if there is one: it may stand above the path."""
    at: Any = values
    for segment in segments:
        if not isinstance(at, Mapping) or segment not in at:
            break
        at = at[segment]
    return at if isinstance(at, str) and OPEN in at else None
