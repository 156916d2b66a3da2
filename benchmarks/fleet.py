"""A large fleet as it is once everything was rolled out: rows in the database, release records on the members.

To install 10,000 releases with Helm would take half an hour, and measure Helm.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import insert
from sqlmodel import select

from app.clusters.kubeconfig import read_kubeconfig
from app.clusters.member import Member
from app.fleet.services import AllServices
from app.releases.release import Desired
from app.releases.values import merge
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster, Reachability
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.identity import Organization
from app.tables.targets import Release, Target
from benchmarks.charts import NAMESPACE

_ROWS_AT_ONCE = 1000
_WRITES_AT_ONCE = 16
_CHART, _VERSION = "hello", "1.0.0"


async def write_rows(services: AllServices, kubeconfigs: Mapping[str, str], releases: int) -> None:
    """Writes the rows as they are after every release was observed to be what is wanted, in the first organization."""
    uids = await _uids(services, kubeconfigs)
    accesses = {name: read_kubeconfig(kubeconfig) for name, kubeconfig in kubeconfigs.items()}
    async with services.transaction() as transaction:
        session = transaction.session
        organization = (await session.exec(select(Organization))).one()
        group = ClusterGroup(organization_id=organization.id, name="fleet")
        archive = ChartArchive(digest="0" * 64, name=_CHART, version=_VERSION, size=0)
        session.add_all([group, archive])
        await session.flush()
        clusters = [
            Cluster(
                organization_id=organization.id,
                group_id=group.id,
                name=name,
                cloud="onprem",
                distribution="kubeadm",
                server=access.server,
                uid=uids[name],
                kubernetes_version="v1.34.4",
                reachability=Reachability.REACHABLE,
            )
            for name, access in accesses.items()
        ]
        session.add_all(clusters)
        await session.flush()
        for cluster in clusters:
            sealed = services.members.seal(accesses[cluster.name], cluster.id)
            cluster.credentials, cluster.credentials_key = sealed.data, sealed.key_id
    for number in range(releases):
        await _write_deployment(services, group, archive, clusters, number)


async def _write_deployment(
    services: AllServices, group: ClusterGroup, archive: ChartArchive, clusters: Sequence[Cluster], number: int
) -> None:
    """In a transaction of its own: Postgres ends one that is idle for long while its rows are made."""
    async with services.transaction() as transaction:
        session = transaction.session
        deployment = Deployment(
            organization_id=group.organization_id,
            group_id=group.id,
            release_name=release_name(number),
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
            values=common(number),
            value_overrides={cluster.name: override(cluster.name) for cluster in clusters},
            targets=[cluster.name for cluster in clusters],
        )
        session.add(revision)
        await session.flush()
        rows = [_target_and_release(deployment, revision, cluster) for cluster in clusters]
        for table, of_table in ((Target, [row[0] for row in rows]), (Release, [row[1] for row in rows])):
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                await session.execute(insert(table), _as_rows(of_table[start : start + _ROWS_AT_ONCE]))


async def _uids(services: AllServices, kubeconfigs: Mapping[str, str]) -> dict[str, str]:
    """The uid of each member's namespace kube-system: an observer follows no other cluster."""
    gate = asyncio.Semaphore(_WRITES_AT_ONCE)

    async def read(name: str, kubeconfig: str) -> tuple[str, str]:
        async with gate, services.members.connect(read_kubeconfig(kubeconfig)) as member:
            return name, await member.uid()

    return dict(await asyncio.gather(*(read(*item) for item in kubeconfigs.items())))


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


def common(number: int) -> dict[str, Any]:
    """Values of about a kilobyte, as they are usual."""
    settings = {f"SETTING_{name}": f"value {name} of release {number}" for name in range(20)}
    return {"greeting": f"Release {number}", "replicaCount": 2, "settings": settings}


def override(cluster: str) -> dict[str, Any]:
    return {"region": f"region-{sum(cluster.encode()) % 20}"}


def release_name(number: int) -> str:
    return f"release-{number}"


def secret(release: str, revision: int, values: dict[str, Any], manifest: str = "") -> dict[str, Any]:
    """A release's record as Helm writes it."""
    record = {
        "name": release,
        "namespace": NAMESPACE,
        "version": revision,
        "info": {"status": "deployed", "description": "Upgrade complete", "last_deployed": "2026-01-01T00:00:00Z"},
        "chart": {"metadata": {"name": _CHART, "version": _VERSION}},
        "config": values,
        "manifest": manifest,
    }
    packed = base64.b64encode(gzip.compress(orjson.dumps(record), mtime=0))
    labels = {"owner": "helm", "name": release, "status": "deployed", "version": str(revision)}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {"name": f"sh.helm.release.v1.{release}.v{revision}", "namespace": NAMESPACE, "labels": labels},
        "data": {"release": base64.b64encode(packed).decode()},
    }


async def write_record(member: Member, release: str, revision: int, values: dict[str, Any], manifest: str = "") -> None:
    """Writes a revision to a member, as Helm would."""
    body = secret(release, revision, values, manifest)
    answer = await member.request("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", body=body)
    assert answer.status == 201, answer


async def write_records(
    members: Mapping[str, Member], releases: int, manifest_of: Callable[[str], str] = lambda _: ""
) -> None:
    """Writes the first revision of every release to every member, as it is wanted there."""
    gate = asyncio.Semaphore(_WRITES_AT_ONCE)

    async def write(name: str, member: Member) -> None:
        async with gate:
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
            await member.request("POST", "/api/v1/namespaces", body=namespace)
            for number in range(releases):
                release = release_name(number)
                values = merge(common(number), override(name))
                await write_record(member, release, 1, values, manifest_of(release))

    await asyncio.gather(*(write(*member) for member in members.items()))
