"""What `polyhelm up` needs while nothing happens: memory and CPU of all its processes, with three members."""

from __future__ import annotations

import asyncio
import time

from benchmarks.bench import Bench
from benchmarks.charts import values
from benchmarks.figures import Figure, Row
from benchmarks.members import simulated
from benchmarks.server import polyhelm

_MEMBERS = 3
_SETTLE_SECONDS = 10.0
_WINDOW_SECONDS = 10.0
"""As long as the observer takes to look at every member once."""


async def with_three_members(bench: Bench) -> list[Row]:
    async with (
        simulated(_MEMBERS, bench.folder / "idle-members") as kubeconfigs,
        polyhelm(bench.folder / "idle-data", bench.helm) as server,
    ):
        bench.tell("idle: installing")
        await server.fleet(kubeconfigs, bench.chart)
        await server.create("idle", values=values(0))
        await asyncio.sleep(_SETTLE_SECONDS)
        memory, busy = [], []
        for number in range(bench.rounds):
            bench.tell(f"idle: watching, {number + 1} of {bench.rounds}")
            cpu, began = server.cpu_seconds(), time.perf_counter()
            await asyncio.sleep(_WINDOW_SECONDS)
            busy.append((server.cpu_seconds() - cpu) / (time.perf_counter() - began))
            memory.append(server.memory())
    return [
        Row(
            f"polyhelm up, idle with {_MEMBERS} members, memory (PSS)",
            Figure(tuple(found.pss for found in memory), "MB"),
            below=400e6,
            note="Postgres and Redis included; what processes share is counted once",
        ),
        Row("the same, RSS added up", Figure(tuple(found.rss for found in memory), "MB")),
        Row("the same, CPU of one core", Figure(tuple(busy), "%")),
    ]
