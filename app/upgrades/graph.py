"""The versions of a service as a graph: each edge of a definition, from every version that its range allows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from semver import Version

from app.releases.versions import parsed, precedence
from app.upgrades.definition import Direction, ServiceDefinition, ServiceVersion, UpgradeEdge, VersionState
from app.upgrades.ranges import SemanticRange

Pair = tuple[int, int, int]
"""The numbers of two versions, counted from the oldest one, and that of the edge that leads from the first one to the
second one."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A change from one version to another, as they are written in the definition. `number` is that of the edge in the
    definition, from 0."""

    source: str
    target: str
    number: int
    edge: UpgradeEdge


@dataclass(frozen=True)
class Graph:
    """Versions, the oldest first, and the hops between them as `(source, target, hop)` with the versions' numbers."""

    versions: tuple[ServiceVersion, ...]
    hops: tuple[tuple[int, int, Hop], ...]

    @classmethod
    def of(cls, definition: ServiceDefinition, pairs: Iterable[Pair] | None = None) -> "Graph":
        """The graph of a definition that the check accepts. `pairs` are those of `expanded`, if they are known."""
        versions = tuple(sorted(definition.versions, key=lambda one: precedence(_number(one.version))))
        hops = (
            (source, target, Hop(versions[source].version, versions[target].version, edge, definition.edges[edge]))
            for source, target, edge in (expanded(definition) if pairs is None else pairs)
        )
        return cls(versions, tuple(hops))

    @cached_property
    def leaving(self) -> tuple[tuple[tuple[int, Hop], ...], ...]:
        """For each version, the versions that its hops lead to, with the hops."""
        return _grouped(len(self.versions), ((source, target, hop) for source, target, hop in self.hops))

    @cached_property
    def entering(self) -> tuple[tuple[tuple[int, Hop], ...], ...]:
        """For each version, the versions from which hops lead to it, with the hops."""
        return _grouped(len(self.versions), ((target, source, hop) for source, target, hop in self.hops))

    @cached_property
    def withdrawn(self) -> frozenset[int]:
        """The versions that can be left and not entered."""
        return frozenset(place for place, one in enumerate(self.versions) if one.state is VersionState.WITHDRAWN)

    @cached_property
    def _places(self) -> Mapping[object, int]:
        return {precedence(_number(one.version)): place for place, one in enumerate(self.versions)}

    def place(self, version: str) -> int | None:
        """The number of a version, however it is written: `v1.0` is 1.0.0. None if the definition does not have it."""
        found = parsed(version)
        return None if found is None else self._places.get(precedence(found))


def expanded(definition: ServiceDefinition) -> Iterator[Pair]:
    """The pairs of versions that the edges of a definition connect, by edge.

    Raises:
        ValueError: a version or a range is not valid, or the definition does not have the target of an edge.
    """
    numbers = sorted((_number(one.version) for one in definition.versions), key=precedence)
    places = {precedence(number): place for place, number in enumerate(numbers)}
    for index, edge in enumerate(definition.edges):
        allowed = SemanticRange.parse(edge.source)
        target = places.get(precedence(_number(edge.target)))
        if target is None:
            raise ValueError(f"The definition does not have the version {edge.target}.")
        for source in range(target) if edge.direction is Direction.UP else range(target + 1, len(numbers)):
            if allowed.allows(numbers[source]):
                yield source, target, index


def _number(text: str) -> Version:
    found = parsed(text)
    if found is None:
        raise ValueError(f"{text!r} is not a semantic version.")
    return found


def _grouped(count: int, hops: Iterator[tuple[int, int, Hop]]) -> tuple[tuple[tuple[int, Hop], ...], ...]:
    found: list[list[tuple[int, Hop]]] = [[] for _ in range(count)]
    for place, other, hop in hops:
        found[place].append((other, hop))
    return tuple(map(tuple, found))
