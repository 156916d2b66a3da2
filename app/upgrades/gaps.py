"""Edges that are missing: between versions that nothing connects, and of versions from which no route leads to the
newest one."""

from dataclasses import dataclass

from app.releases.versions import parsed
from app.upgrades.definition import VersionState
from app.upgrades.graph import Graph


@dataclass(frozen=True, slots=True)
class Stranded:
    """A version that cannot reach `newest`, and the edge that would free it."""

    version: str
    newest: str
    source: str
    target: str

    @property
    def message(self) -> str:
        return (
            f"No route leads from {self.version} to {self.newest}, the newest version."
            f" An edge from {self.source} to {self.target} would close the gap."
        )


def stranded(graph: Graph) -> list[Stranded]:
    """The versions that are stranded, the oldest first: older ones from which the newest stable version cannot be
    reached, and newer ones that are withdrawn and cannot be exchanged for any version that is offered."""
    offered = [place for place, one in enumerate(graph.versions) if one.state is VersionState.OFFERED]
    stable = [place for place in offered if not _is_prerelease(graph.versions[place].version)]
    if not offered:
        return []
    newest = max(stable or offered)
    free = _leading(graph, newest)
    found = list[Stranded]()
    for place, one in enumerate(graph.versions):
        if place in free or (place > newest and place not in graph.withdrawn):
            continue
        if place > newest and not _reached(graph, place).isdisjoint(offered):
            continue
        source, target = gap(graph, place, newest)
        found.append(Stranded(one.version, graph.versions[newest].version, source, target))
    return found


def _is_prerelease(version: str) -> bool:
    number = parsed(version)
    return number is not None and bool(number.prerelease)


def gap(graph: Graph, start: int, end: int) -> tuple[str, str]:
    """The least edge that would make a route between two versions that have none: from the version that comes the
    nearest to the end, to the next one from which there is a route. The end is not withdrawn."""
    reached, leading = _reached(graph, start), _leading(graph, end) - graph.withdrawn
    if start < end:
        source = max(place for place in reached if place < end)
        target = min(place for place in leading if place > source)
    else:
        source = min(place for place in reached if place > end)
        target = max(place for place in leading if place < source)
    return graph.versions[source].version, graph.versions[target].version


def _reached(graph: Graph, start: int) -> set[int]:
    """The versions that can be reached from a version, and itself."""
    found, waiting = {start}, [start]
    for place in waiting:  # it grows
        new = {target for target, _ in graph.leaving[place]} - found - graph.withdrawn
        found |= new
        waiting += new
    return found


def _leading(graph: Graph, end: int) -> set[int]:
    """The versions from which a version can be reached, and itself."""
    found, waiting = {end}, [end]
    for place in waiting:  # it grows
        if place not in graph.withdrawn:
            new = {source for source, _ in graph.entering[place]} - found
            found |= new
            waiting += new
    return found
