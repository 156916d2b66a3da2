"""Lifts holds: a rollout then brings the generation to the targets again."""

from sqlalchemy import select, update
from sqlmodel import col

from app.core.errors import Conflict, NotFound
from app.core.services import Services
from app.core.transaction import Transaction
from app.delivery.codes import RolloutCode, RolloutEvent
from app.delivery.generations import held
from app.delivery.starting import Joining, Origin, create_rollout, end_rollout, open_rollouts
from app.delivery.target_holds import drop_holds
from app.groups.facts import cluster_facts
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.operations.progress import start_operation
from app.releases.selectors import ClusterFacts
from app.rollouts.states import RolloutPhase
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.operations import OperationKind
from app.tables.rollouts import GenerationHold, Rollout, RolloutTarget
from app.tables.states import OperationState
from app.tables.targets import OF_GENERATION, Target, TargetHold
from app.targets.codes import TargetEvent
from app.targets.events import record_event
from app.targets.judging import judge_targets


async def lift_hold(
    services: Services, viewer: Viewer, deployment_id: int, generation: int, cluster: str | None = None
) -> Deployment:
    """Lifts the hold of a generation. If it is still the deployment's present one, a new rollout begins, with the
    strategy of the one that was rolled back. With the name of a cluster, lifts the hold on that target alone, which
    then gets the generation.

    Raises:
        NotFound: the viewer sees no such deployment, or the generation is not held.
        Conflict: the generation is held on all targets, or a rollout decides on the target.
    """
    async with services.transaction() as transaction:
        session = transaction.session
        deployment = await session.get(Deployment, deployment_id, with_for_update={"key_share": True})
        if deployment is None or not viewer.sees(deployment.organization_id):
            raise NotFound(RolloutCode.HOLD_NOT_FOUND, "There is no such deployment.", ("deployment",))
        viewer.require(deployment.organization_id, Permission.ROLLOUTS_STEER, group_id=deployment.group_id)
        found = await held(transaction, deployment, generation)
        if cluster is not None:
            await _lift_on_target(transaction, viewer, deployment, generation, cluster, is_held=found is not None)
            return deployment
        if found is None:
            message = f"Generation {generation} of {deployment.release_name} is not held."
            raise NotFound(RolloutCode.HOLD_NOT_FOUND, message, ("generation",))
        found.lifted_at, found.lifted_by = now(), viewer.name
        await session.flush()
        transaction.record(
            RolloutEvent.LIFTED,
            f"{viewer.name} lifted the hold of generation {generation} of {deployment.release_name}.",
            organization_id=deployment.organization_id,
            actor=viewer.name,
            subject=deployment,
            generation=generation,
        )
        if generation == deployment.generation and not deployment.deleting:
            await _start_again(transaction, deployment, found, viewer.name)
        return deployment


async def _lift_on_target(
    transaction: Transaction, viewer: Viewer, deployment: Deployment, generation: int, cluster: str, *, is_held: bool
) -> None:
    session = transaction.session
    rollouts = {row.id for row in await open_rollouts(transaction, deployment.id)}
    found = await session.execute(
        select(Target, TargetHold)
        .join(TargetHold, col(TargetHold.target_id) == Target.id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(Target.deployment_id) == deployment.id, col(Cluster.name) == cluster)
        .where(col(TargetHold.generation) == generation)
        .with_for_update(key_share=True, of=Target)
    )
    row = found.first()
    if row is None:
        message = f"Generation {generation} of {deployment.release_name} is not held on {cluster}."
        raise NotFound(RolloutCode.HOLD_NOT_FOUND, message, ("cluster",))
    target, hold = row
    returns = generation == deployment.generation and target.wanted and not deployment.deleting
    if returns and is_held:
        message = f"Generation {generation} of {deployment.release_name} is held on all targets. Lift that hold."
        raise Conflict(RolloutCode.GENERATION_HELD, message, ("cluster",))
    if returns and target.rollout_id in rollouts:
        message = f"A rollout of {deployment.release_name} is in progress. Retry {cluster} in it."
        raise Conflict(RolloutCode.ROLLOUT_STATE, message, ("cluster",))
    await drop_holds(transaction, [target.id])
    record_event(
        *(transaction, TargetEvent.LIFTED),
        f"{viewer.name} lifted the hold of generation {generation} of {deployment.release_name} on {cluster}.",
        target=target,
        deployment=deployment,
        cluster_name=cluster,
        actor=viewer.name,
        generation=generation,
    )
    if not returns:
        return
    values = {name: getattr(hold, name) for name in OF_GENERATION}
    await session.execute(
        update(Target)
        .where(col(Target.id) == target.id)
        .values(**values, allowed_generation=generation, evaluation_error=None)
        .execution_options(synchronize_session=False)
    )
    await start_operation(transaction, deployment, OperationKind.RECONCILE, {target.id: cluster}, author=viewer.name)
    await judge_targets(transaction, target_ids=[target.id])


async def _start_again(transaction: Transaction, deployment: Deployment, lifted: GenerationHold, author: str) -> None:
    session = transaction.session
    reverted = await _reverted(transaction, deployment)
    if reverted is None:
        return
    for row in await open_rollouts(transaction, deployment.id):
        await end_rollout(transaction, row, RolloutPhase.SUPERSEDED, OperationState.SUPERSEDED)
    rows = await session.execute(
        select(Target, Cluster, RolloutTarget)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .join(
            RolloutTarget,
            (col(RolloutTarget.target_id) == Target.id) & (col(RolloutTarget.rollout_id) == reverted.id),
            isouter=True,
        )
        .where(col(Target.deployment_id) == deployment.id, col(Target.wanted))
        .order_by(col(Target.id))
    )
    joining, clusters = list[Joining](), list[ClusterFacts]()
    group = await session.get_one(ClusterGroup, deployment.group_id)
    for target, cluster, planned in rows:
        source = planned or target  # a target that was added during the hold has what belongs to the generation itself
        joining.append(
            Joining(
                target_id=target.id,
                cluster_name=cluster.name,
                generation=deployment.generation,
                inputs=source.inputs,
                results=source.results,
                endpoints=source.endpoints,
                desired_digest=source.desired_digest,
            )
        )
        clusters.append(cluster_facts(cluster, group.name))
    operation = await start_operation(
        *(transaction, deployment, OperationKind.UPDATE, {}), author=author, has_rollout=True
    )
    origin = Origin(author, operation.id)
    await create_rollout(transaction, deployment, reverted.strategy, joining, clusters, origin)


async def _reverted(transaction: Transaction, deployment: Deployment) -> Rollout | None:
    """The newest rollout of the present generation that was rolled back."""
    statement = (
        select(Rollout)
        .where(col(Rollout.deployment_id) == deployment.id, col(Rollout.generation) == deployment.generation)
        .where(col(Rollout.phase) == RolloutPhase.ROLLED_BACK)
        .order_by(col(Rollout.id).desc())
        .limit(1)
    )
    return (await transaction.session.execute(statement)).scalar_one_or_none()
