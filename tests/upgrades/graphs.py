"""Graphs for tests: written as `1.0>1.1` (an edge), with `!` for a disruptive and `*` for an irreversible one."""

import re
from collections.abc import Mapping

from app.releases.versions import parsed, precedence
from app.upgrades.definition import (
    ChartReference,
    Direction,
    ServiceDefinition,
    ServiceVersion,
    UpgradeEdge,
    VersionState,
)
from app.upgrades.graph import Graph

_EDGE = re.compile(r"(.+)>([^>!*]+)([!*]*)")


def graph(versions: str, edges: str = "", states: Mapping[str, VersionState] | None = None) -> Graph:
    """A graph of versions and edges that are separated by spaces."""
    return Graph.of(definition(versions, edges, states))


def definition(versions: str, edges: str = "", states: Mapping[str, VersionState] | None = None) -> ServiceDefinition:
    return ServiceDefinition(
        "example",
        tuple(version(name, (states or {}).get(name, VersionState.OFFERED)) for name in versions.split()),
        edges=tuple(map(_edge, edges.split())),
    )


def version(name: str, state: VersionState) -> ServiceVersion:
    return ServiceVersion(name, ChartReference("https://charts.example.com", "example", name), state=state)


def _edge(text: str) -> UpgradeEdge:
    found = _EDGE.fullmatch(text)
    assert found is not None
    source, target, marks = found.groups()
    before, after = parsed(source), parsed(target)
    assert after is not None
    is_down = before is not None and precedence(before) > precedence(after)
    direction = Direction.DOWN if is_down else Direction.UP
    return UpgradeEdge(source, target, direction, is_disruptive="!" in marks, is_irreversible="*" in marks)
