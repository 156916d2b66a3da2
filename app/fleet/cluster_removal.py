"""Removes a cluster, and the targets that deployments have on it."""

from sqlalchemy import delete
from sqlmodel import col, select

from app.clusters.administration import find_cluster, lock_cluster
from app.clusters.codes import ClusterCode, ClusterEvent
from app.core.errors import Conflict
from app.core.services import Services
from app.deployments.generation import without_clusters
from app.identity.viewer import Viewer
from app.operations.removal import give_up, remove_if_empty
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.targets import Target
from app.targets.abandonment import AbandonedRelease


async def remove_cluster(services: Services, viewer: Viewer, cluster_id: int, *, force: bool) -> list[AbandonedRelease]:
    """Removes a cluster and its credentials. With `force`, even if deployments target the cluster: their releases stay
    on it unchanged, and are returned.

    Raises:
        Conflict: if deployments target the cluster, without `force`.
    """
    read = await find_cluster(services, viewer, cluster_id)
    async with services.transaction() as transaction:
        session = transaction.session
        cluster = await lock_cluster(session, read)
        statement = (
            select(Deployment, Target)
            .join(Target, col(Target.deployment_id) == Deployment.id)
            .where(col(Target.cluster_id) == cluster_id)
            .order_by(col(Deployment.id))
            .with_for_update(of=Deployment, key_share=True)
        )
        uses = (await session.exec(statement)).all()
        if uses and not force:
            names = ", ".join(deployment.release_name for deployment, _ in uses)
            raise Conflict(
                ClusterCode.CLUSTER_IN_USE,
                f"{cluster.name} still has releases of deployments ({names}). Remove it from its group first, or"
                " use force to leave them on the cluster.",
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
            ClusterEvent.REMOVED,
            f"{cluster.name} was removed.",
            organization_id=cluster.organization_id,
            actor=viewer.name,
            subject=cluster,
            name=cluster.name,
            force=force,
        )
        return abandoned
