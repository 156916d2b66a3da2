"""One chart to many members: an update through the API until its operation has ended, beside Helm and xargs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.charts import values
from benchmarks.figures import Figure, Row
from benchmarks.helm_loop import Cost, HelmLoop
from benchmarks.members import Kubeconfigs, real, simulated
from benchmarks.server import Server, polyhelm

_SETTLED_SECONDS = 2.0
"""A pause before each measurement, for what the one before has left running."""


async def on_real_members(bench: Bench) -> list[Row]:
    return await _rollout(bench, real, 8, "real", most=0.5)


async def on_simulated_members(bench: Bench) -> list[Row]:
    return await _rollout(bench, simulated, 200, "simulated", most=1.2)


async def _rollout(
    bench: Bench,
    members: Callable[[int, Path], AbstractAsyncContextManager[Kubeconfigs]],
    count: int,
    kind: str,
    *,
    most: float,
) -> list[Row]:
    folder = bench.folder / kind
    loop = HelmLoop(bench.helm, bench.new_folder(f"{kind}-home"), bench.chart)
    cores = os.cpu_count() or 1
    widths = (cores, 2 * cores)
    async with members(count, folder) as kubeconfigs, polyhelm(bench.folder / f"{kind}-data", bench.helm) as server:
        paths = list(kubeconfigs.values())
        bench.tell(f"{count} {kind} members: installing")
        await server.fleet(kubeconfigs, bench.chart)
        deployment = await server.create("by-polyhelm", values=values(0))
        await asyncio.to_thread(loop.install, paths, values(0), widths[0])
        ours: list[Cost] = []
        others: dict[int, list[Cost]] = {width: [] for width in widths}
        for number in range(1, bench.rounds + 2):  # the first one warms up, and is not counted
            bench.tell(f"{count} {kind} members: round {number - 1} of {bench.rounds}")
            for width in widths:
                await asyncio.sleep(_SETTLED_SECONDS)
                # Other values each time: a release that equals the one before would cost Helm as much, but not us.
                changed = values(10 * number + width)
                others[width].append(await asyncio.to_thread(loop.upgrade, paths, changed, width))
            await asyncio.sleep(_SETTLED_SECONDS)
            ours.append(await _update(server, deployment, number))
    rows = []
    for what, pick in (("wall time", _wall), ("CPU time", _cpu)):
        figures = {width: Figure(tuple(map(pick, costs[1:]))) for width, costs in others.items()}
        width = min(figures, key=lambda width: figures[width].median)
        mine = Figure(tuple(map(pick, ours[1:])))
        name = f"xargs -P {width} helm upgrade --install"
        rows.append(Row(f"rollout to {count} {kind} members, {what}", mine, figures[width], name, ratio=most))
    return rows


async def _update(server: Server, deployment: str, number: int) -> Cost:
    cpu = server.cpu_seconds()
    began = time.time()
    ended = await server.update(deployment, values(number))
    return Cost(ended - began, server.cpu_seconds() - cpu)


def _wall(cost: Cost) -> float:
    return cost.wall


def _cpu(cost: Cost) -> float:
    return cost.cpu
