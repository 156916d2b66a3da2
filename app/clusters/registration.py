"""Registering clusters, renewing their credentials, and removing them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from app.clusters.kubeconfig import Access, read_kubeconfig
from app.clusters.member import ADDRESS_REFUSED, UNAUTHORIZED
from app.clusters.tables import Cluster, Reachability
from app.deployments.answer import AbandonedRelease
from app.deployments.deletion import give_up, remove_if_empty
from app.deployments.generation import without_clusters
from app.deployments.tables import Deployment
from app.errors import (
    ActionError,
    ClusterUnreachable,
    Conflict,
    NotFound,
    Problem,
    TemporaryError,
    all_invalid,
    invalid,
)
from app.identity.tables import Role
from app.identity.viewer import Viewer
from app.names import label_problem, text_problem
from app.services import Services
from app.tables import now
from app.targets.tables import Target

CLOUDS = ("amazon", "google", "azure", "alibaba", "oracle", "digitalocean", "onprem", "other")
DISTRIBUTIONS = ("pke", "eks", "gke", "aks", "k3s", "kubeadm", "other")
_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")
_MAX_LABELS = 64


@dataclass(frozen=True)
class RegisterCluster:
    """The request, as the API takes it."""

    name: str
    cloud: str
    distribution: str
    kubeconfig: str = field(repr=False)
    organization: str | None = None
    region: str | None = None
    labels: Any = None
    context: str | None = None


@dataclass(frozen=True)
class _Found:
    """What a live API server tells of itself."""

    uid: str
    version: str


async def register_cluster(services: Services, viewer: Viewer, request: RegisterCluster) -> Cluster:
    """Checks a kubeconfig against the live API server and keeps it, sealed.

    Raises:
        UserError: says what is wrong with the kubeconfig, the cluster, or our permissions on it.
    """
    organization_id = viewer.organization(request.organization)
    viewer.require(organization_id, Role.ADMIN)
    if problems := _problems(request):
        raise all_invalid(problems)
    access = read_kubeconfig(request.kubeconfig, request.context)
    found = await _ask(services, request.name, access)
    try:
        async with services.transaction() as transaction:
            session = transaction.session
            cluster = Cluster(
                organization_id=organization_id,
                name=request.name,
                cloud=request.cloud,
                distribution=request.distribution,
                region=request.region,
                labels=request.labels or {},
                server=access.server,
                uid=found.uid,
                kubernetes_version=found.version,
                reachability=Reachability.REACHABLE,
                last_seen_at=now(),
            )
            session.add(cluster)
            await session.flush()
            sealed = services.members.seal(access, cluster.id)
            cluster.credentials, cluster.credentials_key = sealed.data, sealed.key_id
            transaction.record(
                "cluster.registered",
                f"{cluster.name} ({found.version}) was registered.",
                organization_id=organization_id,
                actor=viewer.name,
                subject=cluster,
                server=access.server,
            )
            return cluster
    except IntegrityError as error:
        raise await _conflict(services, organization_id, request.name, found.uid, error) from None


async def remove_cluster(services: Services, viewer: Viewer, cluster_id: int, *, force: bool) -> list[AbandonedRelease]:
    """Forgets a cluster and its credentials. With `force` also one that deployments target: their releases stay on it
    as they are, and the answer names them."""
    async with services.transaction() as transaction:
        session = transaction.session
        cluster = await session.get(Cluster, cluster_id, with_for_update=True)
        if cluster is None or not viewer.sees(cluster.organization_id):
            raise NotFound("cluster_not_found", "There is no such cluster.", ("id",))
        viewer.require(cluster.organization_id, Role.ADMIN)
        statement = (
            select(Deployment, Target)
            .join(Target, col(Target.deployment_id) == Deployment.id)
            .where(col(Target.cluster_id) == cluster_id)
            .order_by(col(Deployment.id))
            .with_for_update(of=Deployment)
        )
        uses = (await session.exec(statement)).all()
        if uses and not force:
            names = ", ".join(deployment.release_name for deployment, _ in uses)
            raise Conflict(
                "cluster_in_use",
                f"{cluster.name} still has releases of ours ({names}): take it out of its group first, or use force,"
                " which leaves them on it.",
                ("id",),
            )
        abandoned = []
        for deployment, target in uses:
            left = AbandonedRelease(
                cluster.name, deployment.namespace, deployment.release_name, "its cluster was removed by force"
            )
            await give_up(transaction, deployment, [(target, cluster)], [left])
            abandoned.append(left)
            if not await remove_if_empty(transaction, deployment):
                await without_clusters(transaction, deployment, {cluster.name}, author=viewer.name)
        await session.execute(delete(Cluster).where(col(Cluster.id) == cluster_id))
        session.expunge(cluster)
        transaction.record(
            "cluster.removed",
            f"{cluster.name} was removed.",
            organization_id=cluster.organization_id,
            actor=viewer.name,
            subject=cluster,
            name=cluster.name,
            force=force,
        )
        return abandoned


def _problems(request: RegisterCluster) -> list[Problem]:
    found = [label_problem(request.name, "name", what="The name of a cluster")]
    for field_name, value, known in (
        ("cloud", request.cloud, CLOUDS),
        ("distribution", request.distribution, DISTRIBUTIONS),
    ):
        if value not in known:
            found.append(Problem((field_name,), f"The {field_name} is one of {', '.join(known)}."))
    if request.region is not None:
        found.append(text_problem(request.region, "region", what="A region", longest=100))
    labels = request.labels or {}
    if not isinstance(labels, Mapping) or len(labels) > _MAX_LABELS:
        found.append(Problem(("labels",), f"Labels are a map of at most {_MAX_LABELS} strings to strings."))
    else:
        for key, value in labels.items():
            found.append(text_problem(key, "labels", what="A label's key", longest=253))
            if not isinstance(value, str):
                found.append(Problem(("labels", key), "A label's value is a string."))
            elif value:
                found.append(text_problem(value, "labels", key, what="A label's value", longest=253))
    return [problem for problem in found if problem]


async def _ask(services: Services, name: str, access: Access) -> _Found:
    try:
        async with services.members.connect(access) as anyone:
            uid = await anyone.uid()
        async with services.members.connect(access, uid) as member:
            version, missing = await asyncio.gather(member.version(), member.missing_permissions(_VERBS, "secrets"))
    except TemporaryError as error:
        if error.code == UNAUTHORIZED:
            raise invalid("cluster_unauthorized", error.message, "kubeconfig") from None
        if error.code == ADDRESS_REFUSED:
            raise invalid(error.code, error.message, "kubeconfig") from None
        raise ClusterUnreachable("cluster_unreachable", error.message, ("kubeconfig",), [name]) from None
    except (ActionError, KeyError, TypeError) as error:
        message = f"What answers at {access.server} is no Kubernetes API server that we understand: {error}"
        raise invalid("cluster_not_kubernetes", message, "kubeconfig") from None
    if missing:
        verbs = ", ".join(missing)
        message = f"The credentials may not {verbs} Secrets in all namespaces, where Helm keeps its releases."
        raise invalid("cluster_permissions", message, "kubeconfig")
    return _Found(uid, version)


async def _conflict(services: Services, organization_id: int, name: str, uid: str, error: IntegrityError) -> Exception:
    if "uq_cluster_organization_id_name" in str(error):
        return Conflict("name_taken", f"There is a cluster {name!r} already.", ("name",))
    if "uq_cluster_organization_id_uid" not in str(error):
        return error
    statement = select(Cluster.name).where(col(Cluster.organization_id) == organization_id, col(Cluster.uid) == uid)
    known = await services.database.rows(statement)
    other = known[0][0] if known else "another name"
    return Conflict("cluster_registered", f"This cluster is registered already, as {other!r}.", ("kubeconfig",))
