"""Routes between versions."""

import os
import random
from collections.abc import Iterator

import pytest

from app.upgrades.definition import UpgradeEdge, VersionState
from app.upgrades.gaps import stranded
from app.upgrades.graph import Graph, Hop
from app.upgrades.routes import Blocker, BlockerKind, Route, available, route
from tests.upgrades.graphs import graph, version

GRAPHS = int(os.environ.get("SERVICE_GRAPHS", "10000"))
NAMES = ("1.0.0", "1.2.0", "1.9.0", "1.10.0-rc.1", "1.10.0", "1.11.0", "2.0.0")
_STATES = (*[VersionState.OFFERED] * 3, VersionState.HIDDEN, VersionState.WITHDRAWN)


def way(found: Route) -> list[str]:
    return [hop.target for hop in found.hops]


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ("1.0>1.3 1.0>1.2 1.2>1.3", "1.3"),  # fewer hops
        ("1.0>1.3! 1.0>1.1 1.1>1.2 1.2>1.3", "1.1 1.2 1.3"),  # not disruptive, though longer
        ("1.0>1.3* 1.0>1.1! 1.1>1.3!", "1.1 1.3"),  # not irreversible, though twice disruptive
        ("1.0>1.1 1.0>1.2 1.1>1.3 1.2>1.3", "1.2 1.3"),  # of equal ones, through the newest version
        ("1.0>1.1 1.1>1.0 1.1>1.3", "1.1 1.3"),  # a cycle
        (">=1.0>1.2 1.2>1.3", "1.2 1.3"),  # a range
        ("1.0>1.2 1.2>1.1 1.1>1.3", "1.2 1.1 1.3"),  # through an older version
    ],
)
def test_the_best_route_is_chosen(edges: str, expected: str) -> None:
    assert way(route(graph("1.0 1.1 1.2 1.3", edges), "1.0", "1.3")) == expected.split()


def test_1_10_comes_after_1_9() -> None:
    found = graph("1.9.0 1.10.0 1.2.0", "1.2.x>1.9.0 1.9.x>1.10.0 >=1.2>1.10.0!")
    assert [one.version for one in found.versions] == ["1.2.0", "1.9.0", "1.10.0"]
    assert [(one.target, way(one)) for one in available(found, ["1.2.0"])["1.2.0"]] == [
        ("1.10.0", ["1.9.0", "1.10.0"]),
        ("1.9.0", ["1.9.0"]),
    ]


def test_routes_lead_up_and_down() -> None:
    found = graph("1.0 1.1 1.2", "1.0>1.1 1.1>1.2 1.1>1.0 1.2>1.1")
    assert [(one.target, way(one)) for one in available(found, ["1.1"])["1.1"]] == [("1.2", ["1.2"]), ("1.0", ["1.0"])]


def test_a_withdrawn_version_is_left_and_not_entered() -> None:
    found = graph("1.0 1.1 1.2", "1.0>1.1 1.1>1.2", {"1.1": VersionState.WITHDRAWN})
    assert available(found, ["1.0", "1.1", "1.1"]) == {"1.0": (), "1.1": (route(found, "1.1", "1.2"),)}
    assert way(route(found, "1.1", "1.2")) == ["1.2"]
    assert route(found, "1.0", "1.2").blocked_by == (
        Blocker(
            BlockerKind.WITHDRAWN_VERSION, "The routes from 1.0 to 1.2 lead through 1.1, which is withdrawn.", ("1.1",)
        ),
    )
    message = "The version 1.1 is withdrawn: it can be left, but not installed."
    assert route(found, "1.0", "1.1").blocked_by == (Blocker(BlockerKind.WITHDRAWN_VERSION, message, ("1.1",)),)


def test_a_hidden_version_is_passed_and_reached_but_not_offered() -> None:
    found = graph("1.0 1.1 1.2", "1.0>1.1 1.1>1.2", {"1.1": VersionState.HIDDEN})
    assert [way(one) for one in available(found, ["1.0"])["1.0"]] == [["1.1", "1.2"]]
    assert way(route(found, "1.0", "1.1")) == ["1.1"]


def test_where_no_edge_leads_the_gap_is_named() -> None:
    found = graph("1.0 1.1 1.2 1.3", "1.0>1.1 1.2>1.3 1.3>1.2")
    message = "The edges do not lead from 1.0 to 1.3: an edge from 1.1 to 1.2 is missing."
    assert route(found, "1.0", "1.3") == Route("1.3", (), (Blocker(BlockerKind.NO_EDGE, message, ("1.1", "1.2")),))
    assert route(found, "1.3", "1.0").blocked_by[0].versions == ("1.2", "1.0")


def test_an_unknown_version_is_named() -> None:
    found = graph("1.0 1.1", "1.0>1.1")
    blockers = route(found, "0.9", "1.2").blocked_by
    assert [one.message for one in blockers] == [
        "The definition does not have the version 0.9.",
        "The definition does not have the version 1.2.",
    ]
    assert available(found, ["0.9", "latest"]) == {"0.9": (), "latest": ()}


def test_a_version_is_found_however_it_is_written() -> None:
    found = graph("v1.0.0 1.1.0", "1.0>1.1")
    assert way(route(found, "1.0", "v1.1.0+build")) == ["1.1.0"]
    assert route(found, "1.0.0", "v1.0") == Route("v1.0.0")


def test_a_route_says_what_it_costs() -> None:
    found = route(graph("1 2 3 4", "1>2 2>3* 3>4!"), "1", "4")
    assert (found.irreversible_after, found.is_disruptive) == (1, True)
    found = route(graph("1 2", "1>2"), "1", "2")
    assert (found.irreversible_after, found.is_disruptive) == (None, False)


def test_an_edge_leads_from_one_side_only() -> None:
    found = graph("1.0 1.1 1.2", ">=1.0>1.1")
    assert [(hop.source, hop.target) for _, _, hop in found.hops] == [("1.0", "1.1")]


@pytest.mark.parametrize(
    ("edges", "states", "expected"),
    [
        ("1.0>1.1 1.1>1.2 1.2>1.3", {}, []),
        # The trap of OLM: 1.1 is withdrawn, and nothing leads around it.
        ("1.0>1.1 1.1>1.2 1.2>1.3", {"1.1": "WITHDRAWN"}, [("1.0", "1.0", "1.2")]),
        ("1.0>1.1 1.2>1.3", {}, [("1.0", "1.1", "1.2"), ("1.1", "1.1", "1.2")]),
        # The newest version is withdrawn: those who have it need a way back.
        ("1.0>1.1 1.1>1.2 1.2>1.3", {"1.3": "WITHDRAWN"}, [("1.3", "1.3", "1.2")]),
        ("1.0>1.1 1.1>1.2 1.2>1.3 1.3>1.2", {"1.3": "WITHDRAWN"}, []),
        ("", dict.fromkeys(("1.0", "1.1", "1.2", "1.3"), "HIDDEN"), []),
    ],
)
def test_stranded_versions_are_named_with_the_edge_that_frees_them(
    edges: str, states: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    found = graph("1.0 1.1 1.2 1.3", edges, {name: VersionState(state) for name, state in states.items()})
    assert [(one.version, one.source, one.target) for one in stranded(found)] == expected


def test_a_prerelease_does_not_strand_the_newest_version() -> None:
    assert stranded(graph("1.0.0 1.1.0-rc.1")) == []


def test_the_routes_of_random_graphs_are_those_of_a_brute_force() -> None:
    for seed in range(GRAPHS):
        chance = random.Random(seed)
        found = _random(chance)
        start = chance.randrange(len(found.versions))
        name = found.versions[start].version
        best = _brute_force(found, start)
        offered = [
            (found.versions[place].version, best[place])
            for place in sorted(best, reverse=True)
            if found.versions[place].state is VersionState.OFFERED
        ]
        assert [(one.target, one.hops) for one in available(found, [name])[name]] == offered, seed
        end = chance.randrange(len(found.versions))
        single = route(found, name, found.versions[end].version)
        if end == start:
            assert single == Route(name)
        else:
            assert (single.hops, bool(single.blocked_by)) == (best.get(end, ()), end not in best), seed


def test_the_edge_that_is_named_frees_a_stranded_version_in_random_graphs() -> None:
    for seed in range(GRAPHS // 10):
        found = _random(random.Random(seed))
        for one in stranded(found):
            places = found.place(one.source), found.place(one.target)
            assert places[0] is not None and places[1] is not None
            hop = Hop(one.source, one.target, 0, _EDGES[False, False])
            freed = Graph(found.versions, (*found.hops, (places[0], places[1], hop)))
            assert one.version not in [other.version for other in stranded(freed)], seed


_VERSIONS = {(name, state): version(name, state) for name in NAMES for state in VersionState}
_EDGES = {
    (is_disruptive, is_irreversible): UpgradeEdge("", "", is_disruptive=is_disruptive, is_irreversible=is_irreversible)
    for is_disruptive in (False, True)
    for is_irreversible in (False, True)
}


def _random(chance: random.Random) -> Graph:
    """Up to five versions in any state, and edges between any two of them."""
    names = [name for name in NAMES if chance.random() < 0.7][:5] or NAMES[:2]
    versions = tuple(_VERSIONS[name, chance.choice(_STATES)] for name in names)
    share = chance.random() / 1.5
    hops = [
        (one, other, Hop(names[one], names[other], 0, _EDGES[chance.random() < 0.3, chance.random() < 0.3]))
        for one in range(len(names))
        for other in range(len(names))
        if one != other and chance.random() < share
    ]
    return Graph(versions, tuple(hops))


def _brute_force(found: Graph, start: int) -> dict[int, tuple[Hop, ...]]:
    """The best of all routes that visit no version twice, to each version, by the rules as the documentation has
    them."""
    best = dict[int, tuple[tuple[int, int, int, list[int]], tuple[Hop, ...]]]()
    for places, hops in _all_routes(found, [start], ()):
        irreversible = sum(hop.edge.is_irreversible for hop in hops)
        disruptive = sum(hop.edge.is_disruptive for hop in hops)
        cost = (irreversible, disruptive, len(hops), [-place for place in places])
        if places[-1] not in best or cost < best[places[-1]][0]:
            best[places[-1]] = cost, hops
    return {end: hops for end, (_, hops) in best.items()}


def _all_routes(found: Graph, places: list[int], hops: tuple[Hop, ...]) -> Iterator[tuple[list[int], tuple[Hop, ...]]]:
    for source, target, hop in found.hops:
        if source == places[-1] and target not in places and target not in found.withdrawn:
            yield [*places, target], (*hops, hop)
            yield from _all_routes(found, [*places, target], (*hops, hop))
