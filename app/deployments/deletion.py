"""Deleting a deployment: its releases first, then itself."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, update
from sqlmodel import col

from app.clusters.tables import Cluster
from app.deployments.answer import AbandonedRelease, Answer
from app.deployments.availability import heads_on
from app.deployments.preview import plan_targets
from app.deployments.progress import Progress
from app.deployments.queries import find_deployment, targets_with_clusters
from app.deployments.tables import Deployment
from app.errors import NotFound
from app.identity.tables import Role
from app.identity.viewer import Viewer
from app.operations.progress import close_results, remove_targets, start_operation
from app.operations.states import OperationState
from app.operations.tables import OperationKind
from app.releases.error_codes import ActionCode
from app.services import Services
from app.tables import now
from app.targets.abandonment import remember
from app.targets.judging import judge_targets
from app.targets.locking import lock_targets
from app.targets.tables import Target
from app.targets.trouble import TargetError
from app.transaction import Transaction


async def delete_deployment(
    services: Services,
    viewer: Viewer,
    deployment_id: int,
    progress: Progress,
    *,
    force: bool,
    skip_hooks: bool,
    dry_run: bool,
) -> Answer:
    """Has the release removed from every target; the deployment is deleted with the last of them.

    With `skip_hooks`, the chart's hooks are not run. With `force`, what can't be removed is left behind: the answer has
    the releases on clusters that can't be reached now, the operation's results those that could not be uninstalled.
    """
    async with services.database.reading() as session:
        deployment = await find_deployment(session, viewer, deployment_id, Role.DEPLOYER)
        progress.allow(deployment.organization_id, deployment.group_id)
        pairs = await targets_with_clusters(session, deployment_id)
    if dry_run:
        leaving = [cluster for _, cluster in pairs]
        plan = await plan_targets(services, deployment, None, {}, progress, leaving=leaving)
        return Answer(plan=plan, changed=True)
    unreachable = await _unreachable(services, deployment, pairs) if force else {}
    async with services.transaction() as transaction:
        session = transaction.session
        locked = await session.get(Deployment, deployment_id, with_for_update={"key_share": True})
        if locked is None:
            raise NotFound("deployment_not_found", "There is no such deployment.", ("id",))
        locked.deleting, locked.updated_at = True, now()
        await session.flush()
        transaction.record(
            "deployment.deleting",
            f"{locked.release_name} is being deleted.",
            organization_id=locked.organization_id,
            actor=viewer.name,
            subject=locked,
            force=force,
            skip_hooks=skip_hooks,
        )
        ours = col(Target.deployment_id) == deployment_id
        await lock_targets(session, ours)
        await session.execute(update(Target).where(ours).values(wanted=False))
        pairs = await targets_with_clusters(session, deployment_id)
        names = {target.id: cluster.name for target, cluster in pairs}
        operation = await start_operation(
            *(transaction, locked, OperationKind.DELETE, names),
            author=viewer.name,
            skip_hooks=skip_hooks,
            force=force,
        )
        given_up = [(target, cluster) for target, cluster in pairs if cluster.name in unreachable]
        abandoned = [
            AbandonedRelease(cluster.name, locked.namespace, locked.release_name, unreachable[cluster.name])
            for _, cluster in given_up
        ]
        await give_up(transaction, locked, given_up, abandoned)
        await judge_targets(transaction, target_ids=names)
        gone = await remove_if_empty(transaction, locked)
        await session.refresh(operation)
        return Answer(None if gone else locked, operation, abandoned=abandoned)


async def give_up(
    transaction: Transaction,
    deployment: Deployment,
    targets: Sequence[tuple[Target, Cluster]],
    abandoned: Iterable[AbandonedRelease],
) -> None:
    """Forgets targets whose release may still be there, and says so."""
    ids = [target.id for target, _ in targets]
    if not ids:
        return
    await remember(transaction.session, ids)
    for left in abandoned:
        transaction.record(
            "release.abandoned",
            f"{left.release_name} in namespace {left.namespace} may still be on {left.cluster_name}: {left.reason}",
            organization_id=deployment.organization_id,
            subject=deployment,
            cluster=left.cluster_name,
            namespace=left.namespace,
            release=left.release_name,
        )
        target_ids = [target.id for target, cluster in targets if cluster.name == left.cluster_name]
        message = f"The release was given up and may still be there: {left.reason}"
        error = TargetError(ActionCode.RELEASE_ABANDONED, message, attempts=1, abandoned=left)
        await close_results(transaction, target_ids, OperationState.CANCELLED, error=error.stored)
    await remove_targets(transaction, ids, OperationState.CANCELLED)


async def remove_if_empty(transaction: Transaction, deployment: Deployment) -> bool:
    """Removes a deployment that is being deleted and has no target left. The caller has locked its row."""
    if not deployment.deleting or await targets_with_clusters(transaction.session, deployment.id):
        return False
    await transaction.session.execute(delete(Deployment).where(col(Deployment.id) == deployment.id))
    transaction.session.expunge(deployment)
    transaction.record(
        "deployment.deleted",
        f"{deployment.release_name} was deleted.",
        organization_id=deployment.organization_id,
        subject=deployment,
        deployment=deployment.release_name,
    )
    return True


async def _unreachable(
    services: Services, deployment: Deployment, pairs: Sequence[tuple[Target, Cluster]]
) -> dict[str, str]:
    clusters = [cluster for _, cluster in pairs]
    return (await heads_on(services, clusters, deployment.namespace, deployment.release_name))[1]
