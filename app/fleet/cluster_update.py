"""Changes a registered cluster: its credentials, name, description or uid."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.clusters.administration import find_cluster, lock_cluster
from app.clusters.checks import Found, ask, description_problems
from app.clusters.codes import ClusterEvent
from app.clusters.kubeconfig import Access, read_kubeconfig
from app.clusters.registration import keep_access, taken
from app.clusters.services import ClusterServices
from app.core.errors import Conflict, all_invalid
from app.core.transaction import Transaction
from app.deployments.inputs import renew_inputs
from app.deployments.services import DeploymentServices
from app.fleet.renaming import rename
from app.identity.viewer import Viewer
from app.releases.error_codes import ActionCode
from app.tables.clusters import Cluster, Reachability
from app.targets.abandonment import follow_uid
from app.targets.reachability import write_reachability
from app.targets.sightings import forget_versions

_DESCRIPTION = ("cloud", "distribution", "region", "labels")


@dataclass(frozen=True)
class UpdateCluster:
    """The request, as the API takes it. Fields that are None do not change; an empty region or empty labels clear."""

    id: int
    name: str | None = None
    cloud: str | None = None
    distribution: str | None = None
    kubeconfig: str | None = field(default=None, repr=False)
    context: str | None = None
    region: str | None = None
    labels: Any = None


async def update_cluster(services: DeploymentServices, viewer: Viewer, request: UpdateCluster) -> Cluster:
    """Changes a cluster. Its group, targets, overrides and history stay, because its uid does. Targets whose values
    depend on what has changed may become STALE.

    Raises:
        UserError: says what is wrong; nothing was written then.
    """
    read = await find_cluster(services, viewer, request.id)
    problems = description_problems(
        name=request.name,
        cloud=request.cloud,
        distribution=request.distribution,
        region=request.region or None,
        labels=request.labels,
    )
    if problems:
        raise all_invalid(problems)
    access, found = None, None
    if request.kubeconfig is not None:
        access = read_kubeconfig(request.kubeconfig, request.context)
        found = await ask(services, read.name, access, field="kubeconfig")
        if found.uid != read.uid:
            raise Conflict(
                ActionCode.CLUSTER_MISMATCHED,
                f"This kubeconfig belongs to another cluster: the uid of its kube-system namespace is {found.uid}, and"
                f" that of {read.name} is {read.uid}. Register the other cluster under a different name.",
                ("kubeconfig",),
            )
    try:
        async with services.transaction() as transaction:
            session = transaction.session
            cluster = await lock_cluster(session, read)
            fields = _describe(cluster, request)
            if access is not None and found is not None:
                _take(services, cluster, access, found)
                fields.append("kubeconfig")
            was = cluster.name
            if request.name not in (None, was):
                await rename(session, cluster, str(request.name))
                _restart_watch(cluster)  # messages about its credentials contain its name
                fields.append("name")
            if fields:
                _record(transaction, viewer, cluster, was, fields)
            await session.flush()
    except IntegrityError as error:
        raise await taken(services, read.organization_id, request.name or read.name, read.uid, error) from None
    await renew_inputs(services, cluster_ids=[cluster.id])
    return cluster


def _describe(cluster: Cluster, request: UpdateCluster) -> list[str]:
    """Writes what the request describes differently; returns the names of the fields."""
    changed = {
        name: value
        for name in _DESCRIPTION
        if (value := getattr(request, name)) is not None and (value or None) != (getattr(cluster, name) or None)
    }
    for name, value in changed.items():
        setattr(cluster, name, value or ({} if name == "labels" else None))
    return list(changed)


def _record(transaction: Transaction, viewer: Viewer, cluster: Cluster, was: str, fields: list[str]) -> None:
    what = f"was renamed to {cluster.name}" if "name" in fields else f"was changed: {', '.join(fields)}"
    transaction.record(
        ClusterEvent.UPDATED,
        f"{was} {what}.",
        organization_id=cluster.organization_id,
        actor=viewer.name,
        subject=cluster,
        fields=fields,
        was=was,
        server=cluster.server,
    )


async def confirm_cluster(services: DeploymentServices, viewer: Viewer, cluster_id: int, uid: str) -> Cluster:
    """Accepts a new uid for a cluster, as after kube-system was created again. `uid` is the uid that the user has seen;
    a cluster that answers with yet another uid is refused.

    Raises:
        UserError: says what is wrong; nothing was written then.
    """
    read = await find_cluster(services, viewer, cluster_id)
    if read.uid == uid:
        return read
    access = services.members.of(read).access
    found = await ask(services, read.name, access, uid=uid, field="uid")
    try:
        async with services.transaction() as transaction:
            session = transaction.session
            cluster = await lock_cluster(session, read)
            cluster.uid, cluster.kubernetes_version = found.uid, found.version
            _restart_watch(cluster)
            transaction.record(
                ClusterEvent.CONFIRMED,
                f"{cluster.name} was confirmed with its new uid: {found.uid}.",
                organization_id=cluster.organization_id,
                actor=viewer.name,
                subject=cluster,
                was=read.uid,
                uid=found.uid,
            )
            await session.flush()
            await follow_uid(session, cluster.organization_id, read.uid, found.uid)
            await forget_versions(session, cluster.id)
            message = "The new uid was confirmed. The cluster has not been checked since."
            await write_reachability(transaction, cluster.id, Reachability.PENDING, message)
    except IntegrityError as error:
        raise await taken(services, read.organization_id, read.name, uid, error) from None
    await renew_inputs(services, cluster_ids=[cluster.id])
    return cluster


def _take(services: ClusterServices, cluster: Cluster, access: Access, found: Found) -> None:
    keep_access(services, cluster, access)
    cluster.kubernetes_version = found.version
    _restart_watch(cluster)


def _restart_watch(cluster: Cluster) -> None:
    """Has an observer take the cluster again: its present observer uses outdated data, and its writes are refused."""
    cluster.observer_id = None
    cluster.observer_token += 1
