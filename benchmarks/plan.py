"""What a plan of a large chart costs, for one cluster and for sixty with equal values."""

from __future__ import annotations

import base64
import resource
import time

from app.charts.catalog import upload
from app.clusters.registration import RegisterCluster, register_cluster
from app.deployments.creation import CreateDeployment, create_deployment
from app.deployments.progress import Progress
from app.fleet.membership import create_group
from app.fleet.services import AllServices
from app.identity.tokens import authenticate
from app.identity.viewer import Viewer
from benchmarks.bench import Bench
from benchmarks.charts import NAMESPACE
from benchmarks.figures import Figure, Row
from benchmarks.members import simulated
from benchmarks.server import TOKEN
from benchmarks.services import new_services
from tests.sample_charts import archive, chart_files

_MEMBERS = 60
_OBJECTS, _BYTES = 30, 15_000  # of the chart: half a megabyte of manifests
_OF_A_CLUSTER = 0.1

_CONFIG = """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-%d}
data: {text: "%s"}
"""


async def of_sixty_clusters(bench: Bench) -> list[Row]:
    async with (
        simulated(_MEMBERS, bench.new_folder("plan-members")) as kubeconfigs,
        new_services(bench, "plan-data") as services,
    ):
        viewer = await authenticate(services.database, TOKEN)
        assert viewer is not None
        bench.tell(f"plan: registering {_MEMBERS} members")
        for name, path in kubeconfigs.items():
            request = RegisterCluster(name=name, cloud="onprem", distribution="kubeadm", kubeconfig=path.read_text())
            await register_cluster(services, viewer, request)
        await create_group(services, viewer, None, "fleet", list(kubeconfigs))
        await upload(services, viewer, None, "bench", _chart())
        names = list(kubeconfigs)
        await _plan(services, viewer, names)  # connections, and what Helm keeps
        measured = {}
        for count in (1, _MEMBERS):
            bench.tell(f"plan: {count} clusters")
            measured[count] = [await _plan(services, viewer, names[:count]) for _ in range(bench.rounds)]
    one, all_of_them = (Figure(tuple(cpu for cpu, _ in measured[count])) for count in (1, _MEMBERS))
    most = 2 * one.median + _OF_A_CLUSTER * _MEMBERS
    return [
        Row("plan of a large chart for 1 cluster, CPU time with Helm's", one),
        Row(f"the same for {_MEMBERS} clusters", all_of_them, below=most),
        Row("the same, wall time", Figure(tuple(wall for _, wall in measured[_MEMBERS]))),
    ]


async def _plan(services: AllServices, viewer: Viewer, targets: list[str]) -> tuple[float, float]:
    """CPU time, that of Helm included, and wall time."""
    request = CreateDeployment(
        group="fleet", chart="bench/large", namespace=NAMESPACE, release_name="large", targets=targets, dry_run=True
    )
    cpu, began = _cpu_seconds(), time.perf_counter()
    answer = await create_deployment(services, viewer, request, Progress())
    assert answer.plan is not None
    assert {plan.error and plan.error["message"] for plan in answer.plan} == {None}
    return _cpu_seconds() - cpu, time.perf_counter() - began


def _cpu_seconds() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _chart() -> str:
    files = chart_files("large")
    for number in range(_OBJECTS):
        files[f"templates/{number}.yaml"] = _CONFIG % (number, f"line {number} " * (_BYTES // 8))
    return base64.b64encode(archive(files, root="large")).decode()
