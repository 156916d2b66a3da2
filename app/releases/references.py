"""Values that come from secrets: which ones, where they belong, and what replaces them wherever values are stored.

A secret's value is inserted only when Helm runs. Everywhere else a *mark* replaces it: a digest with a key of this
installation, so that two values can be distinguished and none can be guessed. Installed values are stored with marks,
too, so that desired and observed values are compared like any others.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.releases.expressions import has_any
from app.releases.paths import Segments, segments_of
from app.releases.values import Values, merge

MARK = "polyhelm:secret:"
"""The prefix of every mark."""

HIDDEN = "••••••••"
"""The text shown in place of a mark."""

Marks = Mapping[tuple[str, str], str]
"""The mark of each value of a secret, by the secret's name and the value's key."""

ANY: Marks = defaultdict(lambda: MARK)
"""Marks for callers that only need to know whether a value is a mark."""

_MISSING = object()


@dataclass(frozen=True)
class Reference:
    """The value under a key of a secret, and the path at which it is placed in the values."""

    secret: str
    key: str
    path: str

    @cached_property
    def segments(self) -> Segments:
        return segments_of(self.path)

    @property
    def source(self) -> tuple[str, str]:
        return self.secret, self.key

    def as_json(self) -> dict[str, str]:
        return {"secret": self.secret, "key": self.key, "path": self.path}


def references_of(stored: Iterable[Mapping[str, str]]) -> tuple[Reference, ...]:
    """The references from the JSON in which a revision stores them."""
    return tuple(Reference(**entry) for entry in stored)


@dataclass(frozen=True)
class Layer:
    """One layer of values, with its references to secrets."""

    values: Mapping[str, Any]
    references: tuple[Reference, ...] = ()

    @cached_property
    def has_expressions(self) -> bool:
        """Whether there is an expression, or an escaped one, in the values."""
        return has_any(self.values)

    def references_as_json(self) -> list[dict[str, str]]:
        return [found.as_json() for found in sorted(self.references, key=lambda found: found.path)]


def combine(layers: Iterable[Layer], marks: Marks) -> tuple[Values, dict[str, Reference]]:
    """Merges layers, the weakest first, with a mark for each value of a secret. Also returns, by path, the references
    that no layer overrides.

    Raises:
        KeyError: if a referenced value has no mark.
    """
    layers = tuple(layers)
    merged = merge(
        *(
            place(layer.values, ((found.segments, marks[found.source]) for found in layer.references))
            for layer in layers
        )
    )
    latest = {found.path: found for layer in layers for found in layer.references}
    return merged, {path: found for path, found in latest.items() if is_mark(value_at(merged, found.segments))}


def place(values: Mapping[str, Any], entries: Iterable[tuple[Segments, Any]]) -> Values:
    """The values with each entry at its place. Anything on the way there that is not a map is replaced by one."""
    placed = dict(values)
    for segments, value in entries:
        inner = placed
        for segment in segments[:-1]:
            below = inner.get(segment)
            inner[segment] = dict(below) if isinstance(below, Mapping) else {}
            inner = inner[segment]
        inner[segments[-1]] = value
    return placed


def value_at(values: Mapping[str, Any], segments: Segments) -> Any:
    """The value at these keys, or a sentinel that equals no other value if there is none."""
    found: Any = values
    for segment in segments:
        found = found.get(segment, _MISSING) if isinstance(found, Mapping) else _MISSING
    return found


def mask(values: Mapping[str, Any], paths: Iterable[str], mark: Callable[[Any], str]) -> Values:
    """The values with a mark in place of each value at these paths. Existing marks are kept."""
    entries = []
    for path in paths:
        found = value_at(values, segments := segments_of(path))
        if found is not _MISSING and not is_mark(found):
            entries.append((segments, mark(found)))
    return place(values, entries)


def texts_at(values: Mapping[str, Any], paths: Iterable[str]) -> Iterator[str]:
    """Yields every text at or below these paths except marks: the texts that a message may quote."""
    for path in paths:
        yield from _texts(value_at(values, segments_of(path)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str) and not is_mark(value):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def is_mark(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(MARK)


def hidden(value: Any) -> Any:
    """A JSON value with its marks replaced by HIDDEN."""
    if isinstance(value, Mapping):
        return {key: hidden(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [hidden(inner) for inner in value]
    return HIDDEN if is_mark(value) else value


def clashes(layer: Layer) -> Iterator[tuple[str, str]]:
    """Yields (path, message) for each reference whose path overlaps with another reference or with the values of its
    layer."""
    taken: dict[Segments, str] = {}
    for found in layer.references:
        for segments, other in taken.items():
            shorter = min(len(segments), len(found.segments))
            if segments[:shorter] == found.segments[:shorter]:
                yield found.path, f"{found.path} and {other} overlap: set only one of them."
        taken[found.segments] = found.path
        at: Any = layer.values
        for segment in found.segments:
            if not isinstance(at, Mapping):
                yield found.path, f"{found.path} is inside a value that is not an object."
                break
            if segment not in at:
                break
            at = at[segment]
        else:
            yield found.path, f"{found.path} is also set in the values. Remove it there."
