"""Are 10,000 targets as they should be? From what is written down, beside asking every member through Helm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from app import migrations
from app.charts.tables import ChartArchive
from app.clusters.kubeconfig import read_kubeconfig
from app.clusters.tables import Cluster, Reachability
from app.deployments.tables import Deployment, DeploymentRevision
from app.embedded import embedded
from app.groups.tables import ClusterGroup
from app.identity.tables import Organization
from app.releases.release import Desired
from app.releases.values import merge
from app.services import Services, open_services
from app.settings import Settings
from app.targets.judging import judge_targets
from app.targets.tables import Release, Target
from benchmarks import processes
from benchmarks.bench import Bench
from benchmarks.charts import NAMESPACE
from benchmarks.figures import Figure, Row
from benchmarks.helm_loop import HelmLoop
from simulator import Simulator

_MEMBERS, _RELEASES = 1000, 10
_ASKED = 5  # members on which the releases really are, for Helm to read
_ROWS_AT_ONCE = 1000


async def of_all_targets(bench: Bench) -> list[Row]:
    targets = _MEMBERS * _RELEASES
    async with Simulator(_name(number) for number in range(_MEMBERS)) as simulator:
        helm = await _through_helm(bench, simulator)
        settings = Settings(data_dir=bench.new_folder("rediff-data"), helm=bench.helm)
        async with embedded(settings) as complete:
            assert complete.database_url is not None
            await migrations.migrate(complete.database_url)
            async with open_services(complete) as services:
                bench.tell(f"re-diff: writing {targets} targets")
                await _write(services, simulator)
                postmaster = (settings.data_dir / "postgres" / "postmaster.pid").read_text().split()[0]
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


async def _judge(services: Services, postmaster: int, *, expected: int) -> tuple[float, float]:
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
        await asyncio.to_thread(loop.install, paths, _common(number), 2, _release(number))
    samples = []
    for number in range(bench.rounds + 1):
        bench.tell(f"re-diff: Helm reads, round {number} of {bench.rounds}")
        samples.append(await asyncio.to_thread(_read, loop, paths))
    return Figure(tuple(cpu * _MEMBERS / _ASKED for cpu in samples[1:]))


def _read(loop: HelmLoop, paths: list[Path]) -> float:
    cpu = loop.each(paths, ["list", "--namespace", NAMESPACE, "--output", "json"], 2).cpu
    for number in range(_RELEASES):
        arguments = ["get", "values", _release(number), "--namespace", NAMESPACE, "--output", "json"]
        cpu += loop.each(paths, arguments, 2).cpu
    return cpu


def _requests(simulator: Simulator) -> int:
    return sum(member.requests.total() for member in simulator.members.values())


async def _write(services: Services, simulator: Simulator) -> None:
    """Writes the rows as they are after every release was observed to be what is wanted."""
    async with services.transaction() as transaction:
        session = transaction.session
        organization = Organization(name="bench")
        session.add(organization)
        await session.flush()
        group = ClusterGroup(organization_id=organization.id, name="fleet")
        archive = ChartArchive(digest="0" * 64, name="hello", version="1.0.0", size=0)
        session.add_all([group, archive])
        await session.flush()
        clusters = [
            Cluster(
                organization_id=organization.id,
                group_id=group.id,
                name=name,
                cloud="onprem",
                distribution="kubeadm",
                server=member.server,
                uid=name,
                kubernetes_version=member.kubernetes_version,
                reachability=Reachability.REACHABLE,
            )
            for name, member in simulator.members.items()
        ]
        session.add_all(clusters)
        await session.flush()
        for cluster in clusters:
            access = read_kubeconfig(simulator.members[cluster.name].kubeconfig)
            sealed = services.members.seal(access, cluster.id)
            cluster.credentials, cluster.credentials_key = sealed.data, sealed.key_id
        overrides = {cluster.name: {"region": f"region-{cluster.id % 20}"} for cluster in clusters}
        for number in range(_RELEASES):
            deployment = Deployment(
                organization_id=organization.id,
                group_id=group.id,
                release_name=_release(number),
                namespace=NAMESPACE,
                chart="bench/hello",
                chart_name=archive.name,
            )
            session.add(deployment)
            await session.flush()
            revision = DeploymentRevision(
                deployment_id=deployment.id,
                generation=1,
                chart_version=archive.version,
                chart_digest=archive.digest,
                values=_common(number),
                value_overrides=overrides,
                targets=[cluster.name for cluster in clusters],
            )
            session.add(revision)
            await session.flush()
            rows = [_target_and_release(deployment, revision, cluster) for cluster in clusters]
            for table, of_table in ((Target, [row[0] for row in rows]), (Release, [row[1] for row in rows])):
                for start in range(0, len(rows), _ROWS_AT_ONCE):
                    await session.execute(insert(table), _as_rows(of_table[start : start + _ROWS_AT_ONCE]))


def _target_and_release(
    deployment: Deployment, revision: DeploymentRevision, cluster: Cluster
) -> tuple[Target, Release]:
    values = merge(revision.values, revision.value_overrides[cluster.name])
    desired = Desired(deployment.chart_name, revision.chart_version, values)
    target = Target(
        deployment_id=deployment.id,
        cluster_id=cluster.id,
        desired_digest=desired.digest,
        generation=revision.generation,
        claimed=True,
    )
    release = Release(
        cluster_id=cluster.id,
        namespace=deployment.namespace,
        name=deployment.release_name,
        revision=1,
        status="deployed",
        chart_name=desired.chart_name,
        chart_version=desired.chart_version,
        values=values,
        digest=desired.digest,
        description="Install complete",
        resource_version="1",
    )
    return target, release


def _as_rows(models: Iterable[Target | Release]) -> list[dict[str, Any]]:
    return [{name: value for name, value in model if name != "id"} for model in models]


def _common(number: int) -> dict[str, Any]:
    """Values of about a kilobyte, as they are usual."""
    settings = {f"SETTING_{name}": f"value {name} of release {number}" for name in range(20)}
    return {"greeting": f"Release {number}", "replicaCount": 2, "settings": settings}


def _name(number: int) -> str:
    return f"member-{number:04}"


def _release(number: int) -> str:
    return f"release-{number}"
