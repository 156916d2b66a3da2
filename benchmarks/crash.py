"""From a crash of a pod to a subscriber: how long it takes until the target is shown as DEGRADED.

The members are API servers with controllers. The time runs from the moment at which an API server has acknowledged the
status of the pod, as a kubelet writes it after a crash; so it contains the time that the controllers need."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.clusters.member import Member
from benchmarks.bench import Bench
from benchmarks.charts import NAMESPACE
from benchmarks.figures import Figure, Row
from benchmarks.helm_loop import HelmLoop
from benchmarks.members import Kubeconfigs, clients, real
from benchmarks.screen import Screen, looking
from benchmarks.server import polyhelm

_CRASHES = 30
_MEMBERS = 3
_RELEASE = "hello"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


async def of_pods(bench: Bench) -> list[Row]:
    folder = bench.folder / "crash"
    async with (
        real(_MEMBERS, folder, with_pods=True) as kubeconfigs,
        polyhelm(bench.folder / "crash-data", bench.helm) as server,
    ):
        await server.fleet(kubeconfigs, bench.chart)
        await server.create(_RELEASE, values={"replicaCount": 1})
        async with looking(server, "health") as screen, clients(kubeconfigs) as members:
            for name in members:
                await screen.until(name, "HEALTHY")
            bench.tell("crash: pods")
            times = [await _crashed(screen, members, number) for number in range(_CRASHES)]
        bench.tell("crash: one round of polling")
        polled = await _polled(bench, kubeconfigs)
    quantiles = statistics.quantiles(times, n=100)
    what = f"crash of a pod to DEGRADED at a subscriber, {_MEMBERS} real members"
    named = "one round of kubectl get pods, two at once" if polled else ""
    return [
        Row(f"{what}, median", Figure((quantiles[49],), "ms"), polled, named, below=0.25),
        Row(f"{what}, 99th percentile", Figure((quantiles[98],), "ms")),
    ]


async def _polled(bench: Bench, kubeconfigs: Kubeconfigs) -> Figure | None:
    """How long kubectl needs for all members, where there is one."""
    if (kubectl := shutil.which("kubectl")) is None:
        return None
    loop = HelmLoop(Path(kubectl), bench.new_folder("crash-home"), bench.chart)
    paths, arguments = list(kubeconfigs.values()), ["get", "pods", "--namespace", NAMESPACE]
    rounds = [(await asyncio.to_thread(loop.each, paths, arguments, 2)).wall for _ in range(bench.rounds)]
    return Figure(tuple(rounds), "ms")


async def _crashed(screen: Screen, members: dict[str, Member], number: int) -> float:
    """The seconds from a crash on one of the members until it is shown. The pod runs again afterwards."""
    name = list(members)[number % len(members)]
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = {"exitCode": 3, "reason": "Error", "startedAt": moment, "finishedAt": moment}
    pod = await _write(members[name], {"terminated": ended}, is_ready=False)
    acknowledged = time.perf_counter()
    seconds = await screen.until(name, "DEGRADED") - acknowledged
    await _write(members[name], {"running": {"startedAt": moment}}, is_ready=True, pod=pod)
    await screen.until(name, "HEALTHY")
    return seconds


async def _write(member: Member, state: dict[str, Any], *, is_ready: bool, pod: str | None = None) -> str:
    """Writes the status of a pod, or of the only one; gives its name."""
    [found] = [each for each in (await member.get(_PODS))["items"] if pod in (None, each["metadata"]["name"])]
    [container] = found["status"]["containerStatuses"]
    word = "True" if is_ready else "False"
    conditions = [
        {**each, "status": word} if each["type"] in ("Ready", "ContainersReady") else each
        for each in found["status"]["conditions"]
    ]
    status = {"conditions": conditions, "containerStatuses": [{**container, "ready": is_ready, "state": state}]}
    path = f"{_PODS}/{found['metadata']['name']}/status"
    kind = "application/merge-patch+json"
    answer = await member.request("PATCH", path, body={"status": status}, content_type=kind)
    assert answer.status == 200, answer
    return str(found["metadata"]["name"])
