"""Routes between versions of a service: to every other version, for each of many instances."""

from __future__ import annotations

import random
import time

from app.upgrades.definition import ServiceDefinition
from app.upgrades.graph import Graph
from app.upgrades.routes import available
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Row

_INSTANCES = 1_000
_VERSIONS = 100
_MINORS = 10


async def of_instances(bench: Bench) -> list[Row]:
    """Ten minor versions of ten patches each. Edges lead up from the older patches and from the previous minor version,
    and down from the next patch."""
    graph = Graph.of(ServiceDefinition.of_json(_document()))
    chance = random.Random(1)
    running = [chance.choice(graph.versions).version for _ in range(_INSTANCES)]
    times = []
    for _ in range(bench.rounds):
        began = time.process_time()
        found = available(graph, running)
        times.append(time.process_time() - began)
        assert all(len(found[version]) == _VERSIONS - 1 for version in running)
    what = f"CPU time of the routes of {_INSTANCES:,} instances in {_VERSIONS} versions and {len(graph.hops):,} hops"
    return [Row(what, Figure(tuple(times), "ms"), below=0.1)]


def _document() -> dict[str, object]:
    names = [f"1.{minor}.{patch}" for minor in range(_MINORS) for patch in range(_VERSIONS // _MINORS)]
    edges: list[dict[str, object]] = []
    for place, name in enumerate(names):
        minor, patch = divmod(place, _MINORS)
        if patch:
            edges.append({"from": f">=1.{minor} <{name}", "to": name})
            edges.append({"from": name, "to": names[place - 1], "direction": "DOWN"})
        elif minor:
            edges.append({"from": f"1.{minor - 1}.x", "to": name, "disruptive": not minor % 3})
            edges.append({"from": name, "to": names[place - 1], "direction": "DOWN"})
    chart = {"repository": "https://charts.example.com", "name": "example"}
    return {"name": "example", "chart": chart, "versions": [{"version": name} for name in names], "edges": edges}
