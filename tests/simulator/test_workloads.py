"""Workloads become ready, so that `helm --wait` ends."""

from __future__ import annotations

import asyncio
import textwrap
from typing import TYPE_CHECKING

import pytest_asyncio

from simulator import Member, Simulator
from tests.contract.helm import Helm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

POD = "{metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: none}]}}"
MANIFEST = f"""
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {{name: set}}
    spec: {{replicas: 2, serviceName: set, selector: {{matchLabels: {{app: web}}}}, template: {POD}}}
    ---
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {{name: daemon}}
    spec: {{selector: {{matchLabels: {{app: web}}}}, template: {POD}}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: recreated}}
    spec: {{strategy: {{type: Recreate}}, selector: {{matchLabels: {{app: web}}}}, template: {POD}}}
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {{name: disk}}
    spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {{name: front}}
    spec: {{type: LoadBalancer, ports: [{{port: 80}}]}}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {{name: alone}}
    spec: {{containers: [{{name: main, image: none}}]}}
    ---
    apiVersion: batch/v1
    kind: Job
    metadata: {{name: once}}
    spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: main, image: none}}]}}}}}}
    """


@pytest_asyncio.fixture(loop_scope="session")
async def paris() -> AsyncIterator[Member]:
    async with Simulator(["paris"]) as simulator:
        yield simulator.members["paris"]


def chart(folder: Path) -> str:
    (folder / "chart" / "templates").mkdir(parents=True)
    (folder / "chart" / "Chart.yaml").write_text("{apiVersion: v2, name: all, version: 1.0.0}")
    (folder / "chart" / "templates" / "all.yaml").write_text(textwrap.dedent(MANIFEST))
    return str(folder / "chart")


async def test_helm_waits_for_every_kind(paris: Member, tmp_path: Path) -> None:
    helm = Helm.at(tmp_path, paris.kubeconfig)
    await helm("install", "web", chart(tmp_path), "--wait", "--wait-for-jobs", "--timeout", "20s")
    (stateful_set,) = paris.objects("statefulsets", "apps")
    assert stateful_set["status"]["readyReplicas"] == 2
    (service,) = paris.objects("services")
    assert service["status"]["loadBalancer"]["ingress"] == [{"ip": "192.0.2.1"}]


async def test_helm_gives_up_on_what_is_stuck_and_rolls_back(paris: Member, tmp_path: Path) -> None:
    helm = Helm.at(tmp_path, paris.kubeconfig)
    paris.faults.stuck = True
    code, _, errors = await helm.run("install", "web", chart(tmp_path), "--atomic", "--timeout", "1s")
    assert code == 1
    assert "context deadline exceeded" in errors
    assert [paris.objects(kind) for kind in ("secrets", "pods", "services")] == [[], [], []]


async def test_a_workload_that_was_stuck_continues(paris: Member) -> None:
    paris.faults.stuck = True
    paris.put("pods", {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "main", "image": "none"}]}})
    await asyncio.sleep(0.05)
    assert "status" not in paris.objects("pods")[0]
    paris.faults.stuck = False
    assert paris.objects("pods")[0]["status"]["phase"] == "Running"


async def test_old_replica_sets_are_kept_within_the_limit(paris: Member) -> None:
    for number in range(4):
        template = {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": f"none:{number}"}]},
        }
        spec = {"revisionHistoryLimit": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        paris.put("deployments", {"metadata": {"name": "web"}, "spec": spec}, group="apps")
        await asyncio.sleep(0.05)
    sets = {
        item["spec"]["template"]["spec"]["containers"][0]["image"]: item["status"]["replicas"]
        for item in paris.objects("replicasets", "apps")
    }
    assert sets == {"none:1": 0, "none:2": 0, "none:3": 1}
