"""Deletes a deployment: first its releases, then the deployment itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import NotFound
from app.core.transaction import Transaction
from app.delivery.starting import end_rollout, open_rollouts
from app.deployments.answer import Answer
from app.deployments.availability import heads_on
from app.deployments.binding import UNBOUND, Binding
from app.deployments.codes import DeploymentCode, DeploymentEvent
from app.deployments.dependencies import check_unneeded
from app.deployments.preview import plan_targets
from app.deployments.progress import Progress
from app.deployments.proposal import Proposal
from app.deployments.queries import find_deployment
from app.deployments.services import DeploymentServices
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.operations.progress import start_operation
from app.operations.removal import give_up, remove_if_empty
from app.rollouts.states import RolloutPhase
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.operations import OperationKind
from app.tables.states import OperationState
from app.tables.targets import Target
from app.targets.abandonment import AbandonedRelease
from app.targets.judging import judge_targets
from app.targets.locking import lock_targets
from app.targets.queries import targets_with_clusters


@dataclass(frozen=True)
class DeleteDeployment:
    """The request, as the API takes it."""

    id: int
    force: bool = False
    skip_hooks: bool = False
    dry_run: bool = False


async def delete_deployment(
    services: DeploymentServices,
    viewer: Viewer,
    request: DeleteDeployment,
    progress: Progress,
    bound: Binding = UNBOUND,
) -> Answer:
    """Starts to uninstall the release from every target; the deployment is deleted after the last one.

    With `skip_hooks`, the chart's hooks are not run. With `force`, releases that cannot be removed are left behind: the
    answer has those on unreachable clusters, the operation's results those that could not be uninstalled.
    Without it, the deletion is refused while other deployments depend on this one, unless they are being deleted too:
    then their releases are uninstalled first.
    """
    deployment_id, force, skip_hooks = request.id, request.force, request.skip_hooks
    async with services.database.reading() as session:
        deployment = await find_deployment(session, viewer, deployment_id, Permission.DEPLOYMENTS_WRITE)
        progress.allow(deployment.organization_id, deployment.group_id)
        pairs = await targets_with_clusters(session, deployment_id)
        if not force:
            await check_unneeded(session, deployment)
    proposal = Proposal(deployment, None, leaving=[cluster for _, cluster in pairs])
    if request.dry_run:
        return Answer(plan=await plan_targets(services, proposal, progress), proposal=proposal, changed=True)
    await bound.check(proposal)
    unreachable = await _unreachable(services, deployment, pairs) if force else {}
    async with services.transaction() as transaction:
        session = transaction.session
        locked = await _lock(session, request)
        await bound.begin(transaction, locked, None)
        await _mark(transaction, viewer, locked, request)
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
        await bound.end(transaction, locked, operation)
        return Answer(None if gone else locked, operation, abandoned=abandoned)


async def _lock(session: AsyncSession, request: DeleteDeployment) -> Deployment:
    """The deployment, locked, if it can be deleted."""
    locked = await session.get(Deployment, request.id, with_for_update={"key_share": True})
    if locked is None:
        raise NotFound(DeploymentCode.DEPLOYMENT_NOT_FOUND, "There is no such deployment.", ("id",))
    if not request.force:
        await check_unneeded(session, locked)
    return locked


async def _mark(transaction: Transaction, viewer: Viewer, deployment: Deployment, request: DeleteDeployment) -> None:
    """Marks the deployment as being deleted: its rollouts end, and its targets are no longer wanted."""
    deployment.deleting, deployment.updated_at = True, now()
    await transaction.session.flush()
    transaction.record(
        DeploymentEvent.DELETING,
        f"{deployment.release_name} is being deleted.",
        organization_id=deployment.organization_id,
        actor=viewer.name,
        subject=deployment,
        force=request.force,
        skip_hooks=request.skip_hooks,
    )
    for rollout in await open_rollouts(transaction, deployment.id):
        await end_rollout(transaction, rollout, RolloutPhase.ABORTED, OperationState.SUPERSEDED)
    ours = col(Target.deployment_id) == deployment.id
    await lock_targets(transaction.session, ours)
    await transaction.session.execute(update(Target).where(ours).values(wanted=False))


async def _unreachable(
    services: DeploymentServices, deployment: Deployment, pairs: Sequence[tuple[Target, Cluster]]
) -> dict[str, str]:
    clusters = [cluster for _, cluster in pairs]
    return (await heads_on(services, clusters, deployment.namespace, deployment.release_name))[1]
