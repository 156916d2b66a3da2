"""A page of 100 targets from the API, as a client on the same machine gets it."""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import time
from typing import Any
from urllib.parse import urlsplit

from benchmarks.bench import Bench
from benchmarks.charts import values
from benchmarks.figures import Figure, Row
from benchmarks.members import simulated
from benchmarks.server import GROUP, TOKEN, polyhelm

_TARGETS = 100
_WARM_UP, _REQUESTS = 50, 100

_LISTED = """
  id clusterName cloud distribution status stale statusSince reasons { code message path } helmStatus version revision
  generation observedAt error { code message attempts at }
"""
_QUERY = """query ($group: String!, $name: String!) { deployment(group: $group, releaseName: $name) {
  id releaseName namespace chart chartVersion generation statusCounts { status count } targets { %s }
} }"""


async def of_targets(bench: Bench) -> list[Row]:
    bench.tell(f"page: installing on {_TARGETS} simulated members")
    async with (
        simulated(_TARGETS, bench.folder / "page-members") as kubeconfigs,
        polyhelm(bench.folder / "page-data", bench.helm) as server,
    ):
        await server.fleet(kubeconfigs, bench.chart)
        await server.create("page", values=values(0))
        rows = []
        for what, fields in (("", _LISTED), (" with values and desiredValues", f"{_LISTED} values desiredValues")):
            bench.tell(f"page: asking{what}")
            body = {"query": _QUERY % fields, "variables": {"group": GROUP, "name": "page"}}
            times = [await asyncio.to_thread(_ask, server.url, body) for _ in range(bench.rounds)]
            medians = Figure(tuple(statistics.median(found) for found in times), "ms")
            slow = Figure(tuple(statistics.quantiles(found, n=100)[98] for found in times), "ms")
            rows.append(Row(f"page of {_TARGETS} targets{what}, median", medians, below=0.015 if not what else None))
            rows.append(Row(f"page of {_TARGETS} targets{what}, 99th percentile", slow))
        return rows


def _ask(url: str, body: dict[str, Any]) -> list[float]:
    """The seconds that each request took, one after the other on one connection, until its body was read."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    times = []
    for number in range(_WARM_UP + _REQUESTS):
        began = time.perf_counter()
        connection.request("POST", "/graphql", json.dumps(body), headers)
        answer = connection.getresponse().read()
        if number >= _WARM_UP:
            times.append(time.perf_counter() - began)
    found = json.loads(answer)
    assert len(found["data"]["deployment"]["targets"]) == _TARGETS, found
    connection.close()
    return times
