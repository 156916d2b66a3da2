"""Are 10,000 targets as they should be? From what is written down, beside asking every member through Helm."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from app.fleet.services import AllServices
from app.targets.judging import judge_targets
from benchmarks import processes
from benchmarks.bench import Bench
from benchmarks.charts import NAMESPACE
from benchmarks.figures import Figure, Row
from benchmarks.fleet import common, release_name, write_rows
from benchmarks.helm_loop import HelmLoop
from benchmarks.services import new_services
from simulator import Simulator

_MEMBERS, _RELEASES = 1000, 10
_ASKED = 5  # members on which the releases really are, for Helm to read


async def of_all_targets(bench: Bench) -> list[Row]:
    targets = _MEMBERS * _RELEASES
    async with Simulator(_name(number) for number in range(_MEMBERS)) as simulator:
        helm = await _through_helm(bench, simulator)
        async with new_services(bench, "rediff-data") as services:
            bench.tell(f"re-diff: writing {targets} targets")
            kubeconfigs = {name: member.kubeconfig for name, member in simulator.members.items()}
            await write_rows(services, kubeconfigs, _RELEASES)
            postmaster = (services.settings.data_dir / "postgres" / "postmaster.pid").read_text().split()[0]
            bench.tell("re-diff: judging")
            cold, _ = await _judge(services, int(postmaster), expected=targets)
            before = _requests(simulator)
            warm = [await _judge(services, int(postmaster), expected=0) for _ in range(bench.rounds)]
            asked = _requests(simulator) - before
    cpu = Figure(tuple(cost for cost, _ in warm))
    name = f"helm list and helm get values, {_ASKED} members, scaled"
    note = f"the first one, with every verdict new: {cold:.1f} s"
    return [
        Row(f"re-diff of {targets} targets, CPU time", cpu, helm, name, below=1.0, note=note),
        Row("the same, wall time", Figure(tuple(wall for _, wall in warm))),
        Row("the same, requests to members", Figure((float(asked),), "requests"), below=1),
    ]


async def _judge(services: AllServices, postmaster: int, *, expected: int) -> tuple[float, float]:
    """CPU time, that of Postgres included, and wall time."""
    connections = [postmaster]
    cpu = time.process_time() + processes.cpu_seconds(connections)
    began = time.perf_counter()
    async with services.transaction() as transaction:
        changed = await judge_targets(transaction)
    wall = time.perf_counter() - began
    assert len(changed) == expected
    return time.process_time() + processes.cpu_seconds(connections) - cpu, wall


async def _through_helm(bench: Bench, simulator: Simulator) -> Figure:
    """CPU time of Helm to read all targets: measured on a few members, and multiplied."""
    loop = HelmLoop(bench.helm, bench.new_folder("rediff-home"), bench.chart)
    paths = []
    for number in range(_ASKED):
        path = bench.folder / f"{_name(number)}.yaml"
        path.write_text(simulator.members[_name(number)].kubeconfig)
        paths.append(path)
    for number in range(_RELEASES):
        bench.tell(f"re-diff: Helm installs {number + 1} of {_RELEASES} releases")
        await asyncio.to_thread(loop.install, paths, common(number), 2, release_name(number))
    samples = []
    for number in range(bench.rounds + 1):
        bench.tell(f"re-diff: Helm reads, round {number} of {bench.rounds}")
        samples.append(await asyncio.to_thread(_read, loop, paths))
    return Figure(tuple(cpu * _MEMBERS / _ASKED for cpu in samples[1:]))


def _read(loop: HelmLoop, paths: list[Path]) -> float:
    cpu = loop.each(paths, ["list", "--namespace", NAMESPACE, "--output", "json"], 2).cpu
    for number in range(_RELEASES):
        arguments = ["get", "values", release_name(number), "--namespace", NAMESPACE, "--output", "json"]
        cpu += loop.each(paths, arguments, 2).cpu
    return cpu


def _requests(simulator: Simulator) -> int:
    return sum(member.requests.total() for member in simulator.members.values())


def _name(number: int) -> str:
    return f"member-{number:04}"
