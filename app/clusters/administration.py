"""Finds and locks a cluster that an administrator changes or removes."""

from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.codes import ClusterCode
from app.core.errors import Conflict, NotFound
from app.core.services import Services
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.registers.common import CommonCode
from app.tables.clusters import Cluster
from app.tables.groups import ClusterGroup


async def find_cluster(services: Services, viewer: Viewer, cluster_id: int) -> Cluster:
    """A cluster that the viewer administers.

    Raises:
        NotFound: if the viewer sees no such cluster.
        Forbidden: if the viewer is not an admin of its organization.
    """
    async with services.database.reading() as session:
        cluster = await session.get(Cluster, cluster_id)
    if cluster is None or not viewer.sees(cluster.organization_id):
        raise _no_such_cluster()
    viewer.require(cluster.organization_id, Permission.CLUSTERS_REGISTER)
    return cluster


async def lock_cluster(session: AsyncSession, read: Cluster) -> Cluster:
    """Locks the rows of a cluster and of its group, so that no deployment of the group changes its targets.

    Raises:
        NotFound: if the cluster was removed since it was read.
        Conflict: if its uid or its group has changed since then.
    """
    if read.group_id is not None:
        await session.get(ClusterGroup, read.group_id, with_for_update={"key_share": True})
    cluster = await session.get(Cluster, read.id, with_for_update={"key_share": True})
    if cluster is None:
        raise _no_such_cluster()
    if (cluster.uid, cluster.group_id) != (read.uid, read.group_id):
        raise Conflict(CommonCode.BUSY, f"Another request is changing {cluster.name}. Try again.", ("id",))
    return cluster


def _no_such_cluster() -> NotFound:
    return NotFound(ClusterCode.CLUSTER_NOT_FOUND, "There is no such cluster.", ("id",))
