"""Removes targets whose releases are left behind, and deployments without targets that are being deleted."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete
from sqlmodel import col, select

from app.core.transaction import Transaction
from app.operations.codes import OperationEvent
from app.operations.progress import close_results, remove_targets
from app.releases.error_codes import ActionCode
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment, DeploymentDependency
from app.tables.states import OperationState
from app.tables.targets import Target
from app.targets.abandonment import AbandonedRelease, remember
from app.targets.queries import targets_with_clusters
from app.targets.trouble import TargetError
from app.targets.waits import review


async def give_up(
    transaction: Transaction,
    deployment: Deployment,
    targets: Sequence[tuple[Target, Cluster]],
    abandoned: Iterable[AbandonedRelease],
) -> None:
    """Removes targets whose releases may still exist, and records events and errors that say so."""
    ids = [target.id for target, _ in targets]
    if not ids:
        return
    await remember(transaction.session, ids)
    for left in abandoned:
        transaction.record(
            OperationEvent.RELEASE_ABANDONED,
            f"{left.release_name} in namespace {left.namespace} may still be on {left.cluster_name}: {left.reason}",
            organization_id=deployment.organization_id,
            subject=deployment,
            cluster=left.cluster_name,
            namespace=left.namespace,
            release=left.release_name,
        )
        target_ids = [target.id for target, cluster in targets if cluster.name == left.cluster_name]
        message = f"The release was left behind and may still exist: {left.reason}"
        error = TargetError(ActionCode.RELEASE_ABANDONED, message, attempts=1, abandoned=left)
        await close_results(transaction, target_ids, OperationState.CANCELLED, error=error.stored)
    await remove_targets(transaction, ids, OperationState.CANCELLED)


async def remove_if_empty(transaction: Transaction, deployment: Deployment) -> bool:
    """Removes a deployment that is being deleted and has no target left. The caller has locked its row."""
    if not deployment.deleting or await targets_with_clusters(transaction.session, deployment.id):
        return False
    session = transaction.session
    depends = select(DeploymentDependency.deployment_id).where(col(DeploymentDependency.depends_on_id) == deployment.id)
    for dependent in (await session.exec(depends)).all():  # its dependency is gone with the deployment
        review(transaction, deployment.organization_id, dependent)
    await session.execute(delete(Deployment).where(col(Deployment.id) == deployment.id))
    session.expunge(deployment)
    transaction.record(
        OperationEvent.DEPLOYMENT_DELETED,
        f"{deployment.release_name} was deleted.",
        organization_id=deployment.organization_id,
        subject=deployment,
        deployment=deployment.release_name,
    )
    return True
