"""Rollouts in waves: their cost beside a change of all targets at once, the pauses between waves, and the time of an
advance."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from sqlalchemy import text

from app.fleet.services import AllServices
from app.program.processes import run_observer, running
from app.rollouts.members import Member, Run, Seen
from app.rollouts.progress import Known, RolloutState, Wave, advance
from app.rollouts.states import TargetState, WaveState
from app.rollouts.strategy import WaveRule
from app.rollouts.windows import OPEN
from app.sandbox import process
from app.server.main import create_app
from benchmarks.bench import Bench
from benchmarks.charts import values
from benchmarks.figures import Figure, Row
from benchmarks.members import simulated
from benchmarks.server import TOKEN, Server, polyhelm
from benchmarks.services import new_services
from reconcilers.worker import run_worker

_WAVES = 10
_MEMBERS = 200
_FEW_MEMBERS = 40
_TARGETS = 5000
_STEPS = 50
_SETTLED_SECONDS = 2.0
_STRATEGY = {
    "waves": [{"name": f"wave-{number}", "percent": 100 // _WAVES, "minReady": "0s"} for number in range(1, _WAVES + 1)]
}
_LAST_READY = text("""
    SELECT wave, max(ready_at) FROM rollout_target
    WHERE rollout_id = (SELECT max(id) FROM rollout) GROUP BY wave ORDER BY wave
""")


async def in_waves(bench: Bench) -> list[Row]:
    return [_of_advance(bench), *await _cost(bench), *await _pauses(bench)]


async def _cost(bench: Bench) -> list[Row]:
    folder = bench.folder / "waves"
    costs: dict[str, list[float]] = {"at-once": [], "in-waves": []}
    async with simulated(_MEMBERS, folder) as kubeconfigs, polyhelm(bench.folder / "waves-data", bench.helm) as server:
        bench.tell(f"{_MEMBERS} simulated members: installing twice")
        await server.fleet(kubeconfigs, bench.chart)
        deployments = {
            "at-once": await server.create("at-once", values=values(0)),
            "in-waves": await server.create("in-waves", values=values(0), strategy=_STRATEGY),
        }
        for number in range(1, bench.rounds + 2):  # the first one warms up, and is not counted
            bench.tell(f"waves: round {number - 1} of {bench.rounds}")
            for name, deployment in deployments.items():
                await asyncio.sleep(_SETTLED_SECONDS)
                before = server.cpu_seconds()
                await server.update(deployment, values(number))
                costs[name].append(server.cpu_seconds() - before)
    ours, other = (Figure(tuple(costs[name][1:])) for name in ("in-waves", "at-once"))
    what = f"rollout to {_MEMBERS} simulated members in {_WAVES} waves, CPU time"
    return [Row(what, ours, other, "all targets at once", ratio=1.3)]


async def _pauses(bench: Bench) -> list[Row]:
    """From the last READY of each wave, as it is stored, until the first Helm of the next wave is started."""
    members = simulated(_FEW_MEMBERS, bench.folder / "few")
    async with members as kubeconfigs, new_services(bench, "pauses-data") as services:
        transport = httpx2.ASGITransport(create_app(services))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=headers, timeout=60) as client,
            running(run_worker(services), run_observer(services)),
        ):
            server = Server("http://localhost", client, [])
            await server.fleet(kubeconfigs, bench.chart)
            deployment = await server.create("pauses", values=values(0), strategy=_STRATEGY)
            found = list[float]()
            for number in range(1, bench.rounds + 1):
                bench.tell(f"pauses between waves: round {number} of {bench.rounds}")
                await asyncio.sleep(_SETTLED_SECONDS)
                with _noting_upgrades() as upgrades:
                    await server.update(deployment, values(number))
                found += await _pauses_of(services, upgrades)
    what = f"last READY of a wave to the first Helm run of the next one, median of {len(found)}"
    return [Row(what, Figure((statistics.median(found),), "ms"), below=0.1)]


async def _pauses_of(services: AllServices, upgrades: list[float]) -> list[float]:
    """The seconds between the waves of the newest rollout. All targets of a wave move at once, so the first upgrade
    after its last READY belongs to the next wave."""
    *ready, _ = [moment.timestamp() for _, moment in await services.database.rows(_LAST_READY)]
    return [min(upgrade for upgrade in upgrades if upgrade > moment) - moment for moment in ready]


@contextmanager
def _noting_upgrades() -> Iterator[list[float]]:
    """When each `helm upgrade` was started, as seconds since the epoch."""
    found, start = list[float](), process.start

    def noting(command: Sequence[str], **given: Any) -> process.Process:
        if "upgrade" in command:
            found.append(time.time())
        return start(command, **given)

    process.start = noting
    try:
        yield found
    finally:
        process.start = start


def _of_advance(bench: Bench) -> Row:
    """A rollout in which half of the waves have passed."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    size = _TARGETS // _WAVES
    waves = tuple(
        Wave(WaveRule(f"wave-{index}"), WaveState.PASSED if index < _WAVES // 2 else WaveState.PENDING)
        for index in range(_WAVES)
    )
    seen, members = dict[int, Seen](), dict[int, Member]()
    for number in range(_TARGETS):
        wave = number // size
        before = moment - timedelta(hours=1)
        has_moved = waves[wave].state is WaveState.PASSED
        members[number] = Member(wave, TargetState.READY, moved_at=before) if has_moved else Member(wave)
        run = {"run": Run.SUCCEEDED, "written": 2} if has_moved else {}
        seen[number] = Seen(True, True, moment, OPEN, revision=2, healthy_since=before, **run)  # type: ignore[arg-type]
    rollout, known = RolloutState(waves, members, _TARGETS, "digest"), Known(seen, moment)
    bench.tell(f"an advance of {_TARGETS} targets")
    medians = []
    for _ in range(bench.rounds):
        times = []
        for _ in range(_STEPS):
            began = time.perf_counter()
            advanced = advance(rollout, known)
            times.append(time.perf_counter() - began)
            assert len(advanced.moves) == size
        medians.append(statistics.median(times))
    return Row(f"advance of {_TARGETS:,} targets in {_WAVES} waves", Figure(tuple(medians), "ms"), below=0.02)
