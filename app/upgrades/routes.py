"""Routes from one version of a service to another: the best ones, and what is missing where there is none.

Of all routes, the best one has the fewest irreversible hops, then the fewest disruptive hops, then the fewest hops; of
these, the one whose first hop leads to the newest version, then the second hop, and so on. Routes of equal cost with
equal versions do not exist, since at most one edge leads from a version to another, so the choice is deterministic.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush

from app.upgrades.definition import UpgradeEdge, VersionState
from app.upgrades.gaps import gap
from app.upgrades.graph import Graph, Hop

_MORE = 2**20
"""More than the hops of a route, so that costs can be compared as one number."""


class BlockerKind(StrEnum):
    UNKNOWN_VERSION = "UNKNOWN_VERSION"
    WITHDRAWN_VERSION = "WITHDRAWN_VERSION"
    NO_EDGE = "NO_EDGE"


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why there is no route: a sentence, and the versions that it is about."""

    kind: BlockerKind
    message: str
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """The hops to a version. If something blocks the way, there are none."""

    target: str
    hops: tuple[Hop, ...] = ()
    blocked_by: tuple[Blocker, ...] = ()

    @property
    def irreversible_after(self) -> int | None:
        """The number of hops that can be undone: the next one cannot. None if all can."""
        return next((number for number, hop in enumerate(self.hops) if hop.edge.is_irreversible), None)

    @property
    def is_disruptive(self) -> bool:
        return any(hop.edge.is_disruptive for hop in self.hops)


def available(graph: Graph, versions: Iterable[str]) -> dict[str, tuple[Route, ...]]:
    """For each version that runs somewhere, the routes to every other version that is offered, the newest first.
    Instances of the same version share them. A version that the definition does not have has none."""
    found = dict[str, tuple[Route, ...]]()
    for version in versions:
        if version not in found:
            start = graph.place(version)
            found[version] = () if start is None else _offered(graph, start)
    return found


def route(graph: Graph, source: str, target: str) -> Route:
    """The best route to a version that can be entered, offered or not."""
    start, end = graph.place(source), graph.place(target)
    unknown = [text for text, place in ((source, start), (target, end)) if place is None]
    if start is None or end is None:
        blockers = (
            Blocker(BlockerKind.UNKNOWN_VERSION, f"The definition does not have the version {text}.", (text,))
            for text in dict.fromkeys(unknown)
        )
        return Route(target, blocked_by=tuple(blockers))
    name = graph.versions[end].version
    if start == end:
        return Route(name)
    if end in graph.withdrawn:
        message = f"The version {name} is withdrawn: it can be left, but not installed."
        return Route(name, blocked_by=(Blocker(BlockerKind.WITHDRAWN_VERSION, message, (name,)),))
    hops = _best(graph, start, graph.withdrawn)
    return Route(name, hops[end]) if end in hops else Route(name, blocked_by=(_missing(graph, start, end),))


def _offered(graph: Graph, start: int) -> tuple[Route, ...]:
    hops = _best(graph, start, graph.withdrawn)
    return tuple(
        Route(graph.versions[place].version, hops[place])
        for place in sorted(hops, reverse=True)
        if place != start and graph.versions[place].state is VersionState.OFFERED
    )


def _best(graph: Graph, start: int, closed: Collection[int]) -> dict[int, tuple[Hop, ...]]:
    """The hops of the best route to each version that can be reached without entering those that are closed
    (Dijkstra's algorithm)."""
    least = {start: 0}
    found = dict[int, tuple[Hop, ...]]()
    # A trail has the negative numbers of the versions on the way: of the routes with one cost, the least trail is best.
    waiting: list[tuple[int, tuple[int, ...], int, tuple[Hop, ...]]] = [(0, (), start, ())]
    while waiting:
        cost, trail, place, hops = heappop(waiting)
        if place in found:
            continue
        found[place] = hops
        for target, hop in graph.leaving[place]:
            if target in found or target in closed:
                continue
            total = cost + _cost(hop.edge)
            if total <= least.get(target, total):
                least[target] = total
                heappush(waiting, (total, (*trail, -target), target, (*hops, hop)))
    return found


def _cost(edge: UpgradeEdge) -> int:
    return edge.is_irreversible * _MORE**2 + edge.is_disruptive * _MORE + 1


def _missing(graph: Graph, start: int, end: int) -> Blocker:
    """What blocks all routes to a version that can be entered."""
    around = _best(graph, start, frozenset()).get(end, ())
    closed = [hop.target for hop in around if graph.place(hop.target) in graph.withdrawn]
    names = graph.versions[start].version, graph.versions[end].version
    if closed:
        are = "is" if len(closed) == 1 else "are"
        message = f"The routes from {names[0]} to {names[1]} lead through {', '.join(closed)}, which {are} withdrawn."
        return Blocker(BlockerKind.WITHDRAWN_VERSION, message, tuple(closed))
    last, first = gap(graph, start, end)
    message = f"The edges do not lead from {names[0]} to {names[1]}: an edge from {last} to {first} is missing."
    return Blocker(BlockerKind.NO_EDGE, message, (last, first))
