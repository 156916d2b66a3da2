"""From a manual edit of an object to its subscribers: how long it takes until a target is shown as drifted.

The time runs from the moment at which the API server has acknowledged the edit. A comparison reads the object and tries
out its manifest on the same API server."""

from __future__ import annotations

import asyncio
import statistics
import time

from app.clusters.member import Member
from benchmarks.bench import Bench
from benchmarks.charts import NAMESPACE
from benchmarks.figures import Figure, Row
from benchmarks.helm_loop import HelmLoop
from benchmarks.members import clients, real
from benchmarks.screen import Screen, looking
from benchmarks.server import polyhelm

_EDITS = 30
_MEMBERS = 3
_APART = 1.5  # seconds between two edits of one object, which is compared at most once a second
_RELEASE = "hello"


async def of_edits(bench: Bench) -> list[Row]:
    folder = bench.folder / "drift"
    loop = HelmLoop(bench.helm, bench.new_folder("drift-home"), bench.chart)
    async with real(_MEMBERS, folder) as kubeconfigs, polyhelm(bench.folder / "drift-data", bench.helm) as server:
        await server.fleet(kubeconfigs, bench.chart)
        await server.create(_RELEASE, liveDrift="REPORT")
        async with looking(server, "liveDrift { state }") as screen, clients(kubeconfigs) as members:
            for name in members:
                await screen.until(name, "NONE")
            bench.tell("drift: edits by hand")
            times = [await _edited(screen, members, number) for number in range(_EDITS)]
        bench.tell("drift: one round of polling")
        arguments = ["get", "manifest", _RELEASE, "--namespace", NAMESPACE]
        paths = list(kubeconfigs.values())
        rounds = [(await asyncio.to_thread(loop.each, paths, arguments, 2)).wall for _ in range(bench.rounds)]
    quantiles = statistics.quantiles(times, n=100)
    what = f"edit by hand to DRIFTED at a subscriber, {_MEMBERS} real members"
    polled = "one round of helm get manifest, two at once, which compares nothing yet"
    return [
        Row(f"{what}, median", Figure((quantiles[49],), "ms"), Figure(tuple(rounds), "ms"), polled, below=0.5),
        Row(f"{what}, 99th percentile", Figure((quantiles[98],), "ms")),
    ]


async def _edited(screen: Screen, members: dict[str, Member], number: int) -> float:
    """The seconds from an edit on one of the members until it is shown. The edit is taken back afterwards."""
    name = list(members)[number % len(members)]
    before = await _edit(members[name], f"Edit {number}")
    acknowledged = time.perf_counter()
    seconds = await screen.until(name, "DRIFTED") - acknowledged
    await asyncio.sleep(_APART)
    await _edit(members[name], before)
    await screen.until(name, "NONE")
    await asyncio.sleep(_APART)
    return seconds


async def _edit(member: Member, greeting: str) -> str:
    """Sets a field of the ConfigMap as `kubectl edit` does; gives its former value."""
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps/{_RELEASE}"
    before = (await member.get(path))["data"]
    key = next(iter(before))
    kind, query = "application/merge-patch+json", [("fieldManager", "kubectl-edit")]
    answer = await member.request("PATCH", path, body={"data": {key: greeting}}, content_type=kind, query=query)
    assert answer.status == 200, answer
    return str(before[key])
