"""Registers clusters."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from app.clusters.checks import ask, description_problems
from app.clusters.codes import ClusterCode, ClusterEvent
from app.clusters.expiry import expires_at
from app.clusters.kubeconfig import Access, read_kubeconfig
from app.clusters.services import ClusterServices
from app.core.errors import Conflict, all_invalid
from app.core.services import Services
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.registers.common import CommonCode
from app.tables.clusters import Cluster, Reachability
from app.tables.columns import now


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


async def register_cluster(services: ClusterServices, viewer: Viewer, request: RegisterCluster) -> Cluster:
    """Checks a kubeconfig against the live API server and stores its credentials, encrypted.

    Raises:
        UserError: says what is wrong with the kubeconfig, the cluster, or the permissions on it.
    """
    organization_id = viewer.organization(request.organization)
    viewer.require(organization_id, Permission.CLUSTERS_REGISTER)
    problems = description_problems(
        name=request.name,
        cloud=request.cloud,
        distribution=request.distribution,
        region=request.region,
        labels=request.labels,
    )
    if problems:
        raise all_invalid(problems)
    access = read_kubeconfig(request.kubeconfig, request.context)
    found = await ask(services, request.name, access, field="kubeconfig")
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
            keep_access(services, cluster, access)
            transaction.record(
                ClusterEvent.REGISTERED,
                f"{cluster.name} ({found.version}) was registered.",
                organization_id=organization_id,
                actor=viewer.name,
                subject=cluster,
                server=access.server,
            )
            return cluster
    except IntegrityError as error:
        raise await taken(services, organization_id, request.name, found.uid, error) from None


def keep_access(services: ClusterServices, cluster: Cluster, access: Access) -> None:
    """Stores the credentials of a cluster, encrypted, with its address and their expiry."""
    sealed = services.members.seal(access, cluster.id)
    cluster.credentials, cluster.credentials_key, cluster.server = sealed.data, sealed.key_id, access.server
    cluster.credentials_expire_at, cluster.is_expiry_told = expires_at(access), False


async def taken(services: Services, organization_id: int, name: str, uid: str, error: IntegrityError) -> Exception:
    """The error for a name or a uid that another cluster of the organization already has."""
    if "uq_cluster_organization_id_name" in str(error):
        return Conflict(CommonCode.NAME_TAKEN, f"A cluster named {name} already exists.", ("name",))
    if "uq_cluster_organization_id_uid" not in str(error):
        return error
    statement = select(Cluster.name).where(col(Cluster.organization_id) == organization_id, col(Cluster.uid) == uid)
    known = await services.database.rows(statement)
    other = known[0][0] if known else "another name"
    return Conflict(
        ClusterCode.CLUSTER_REGISTERED,
        f"This cluster is already registered as {other}: use updateCluster (polyhelm cluster update {other}) to give"
        " it new credentials or another name.",
        ("kubeconfig",),
    )
