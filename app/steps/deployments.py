"""`deploy` and `reconcile`: changes of deployments, and the wait until their targets have them."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.names import some_of
from app.deployments.codes import DeploymentCode
from app.deployments.given import GivenOverride
from app.deployments.progress import Progress
from app.deployments.reconcile import ReconcileDeployment, reconcile_deployment
from app.deployments.update import update_deployment
from app.deployments.update_request import UpdateDeployment
from app.health.health import Health
from app.releases.status import TargetStatus
from app.rollouts.states import ENDED, RolloutPhase
from app.steps.context import StepContext, StepFailed
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.events import Event
from app.tables.groups import ClusterGroup
from app.tables.operations import Operation, OperationResult
from app.tables.rollouts import Rollout
from app.tables.states import OperationState
from app.tables.targets import Target

_MOST_SHOWN = 300


async def deploy(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """An attempt that is executed again changes the deployment once: its request has the same key."""
    deployment = await _deployment(context, inputs)
    overrides = inputs.get("overrides")
    request = UpdateDeployment(
        id=deployment.id,
        version=inputs.get("version"),
        values=inputs.get("values"),
        reuse_values=inputs.get("reuseValues", False),
        value_overrides=None
        if overrides is None
        else [GivenOverride(cluster=cluster, values=values) for cluster, values in overrides.items()],
        targets=inputs.get("targets"),
        confirm_removal=inputs.get("confirmRemoval"),
        idempotency_key=hashlib.sha256(f"workflow step {context.key}".encode()).hexdigest(),
    )
    answer = await update_deployment(context.services, context.starter, request, Progress())
    if answer.deployment is None:
        raise StepFailed(DeploymentCode.DEPLOYMENT_NOT_FOUND, "The deployment was deleted in the meantime.")
    operation_id = None if answer.operation is None else answer.operation.id
    generation = answer.deployment.generation
    if answer.operation is not None and answer.operation.generation is not None:
        generation = answer.operation.generation  # of a repeated request, to which a newer one may have been added
    await context.log(f"{deployment.release_name} is at generation {generation}.")
    return await _reached(context, deployment.id, generation, operation_id, inputs.get("waitFor", "DEPLOYED"))


async def reconcile(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """An attempt that is executed again starts another reconciliation, which does not touch what matches."""
    deployment = await _deployment(context, inputs)
    request = ReconcileDeployment(id=deployment.id, targets=inputs.get("targets"))
    answer = await reconcile_deployment(context.services, context.starter, request, Progress())
    assert answer.deployment is not None and answer.operation is not None
    generation = answer.deployment.generation
    return await _reached(
        context,
        deployment.id,
        generation,
        answer.operation.id,
        inputs.get("waitFor", "DEPLOYED"),
        inputs.get("targets"),
    )


async def _deployment(context: StepContext, inputs: Mapping[str, Any]) -> Deployment:
    statement = (
        select(Deployment, ClusterGroup.name)
        .join(ClusterGroup, col(ClusterGroup.id) == Deployment.group_id)
        .where(col(Deployment.organization_id) == context.organization_id)
        .where(col(Deployment.release_name) == inputs["deployment"])
        .order_by(col(ClusterGroup.name))
    )
    if "group" in inputs:
        statement = statement.where(col(ClusterGroup.name) == inputs["group"])
    async with context.services.database.reading() as session:
        rows = (await session.exec(statement)).all()
    if not rows:
        where = f" in the group {inputs['group']}" if "group" in inputs else ""
        message = f"There is no deployment {inputs['deployment']!r}{where}."
        raise StepFailed(DeploymentCode.DEPLOYMENT_NOT_FOUND, message)
    if len(rows) > 1:
        groups = some_of([name for _, name in rows])
        raise StepFailed("invalid_inputs", f"{inputs['deployment']} is in several groups: {groups}. Add `group`.")
    return rows[0][0]


async def _reached(
    context: StepContext,
    deployment_id: int,
    generation: int,
    operation_id: int | None,
    goal: str,
    clusters: Iterable[str] | None = None,
) -> Mapping[str, Any]:
    """Waits until the targets have a generation, as `goal` says. Returns the outputs.

    Raises:
        StepFailed: an operation or a rollout has failed, or a newer generation has replaced this one.
    """

    def pick(event: Event) -> tuple[int, ...]:
        return (deployment_id,) if event.deployment_id == deployment_id else ()

    async with context.services.feed.follow(context.organization_id, pick) as follower:
        said = ""
        while True:
            async with context.services.database.reading() as session:
                waits_for, outputs = await _look(session, deployment_id, generation, operation_id, goal, clusters)
            if waits_for is None:
                return outputs
            if waits_for != said:
                said = waits_for
                await context.log(said)
            await follower.changed()


async def _look(
    session: AsyncSession,
    deployment_id: int,
    generation: int,
    operation_id: int | None,
    goal: str,
    clusters: Iterable[str] | None,
) -> tuple[str | None, Mapping[str, Any]]:
    """What is still waited for, and the outputs."""
    deployment = await session.get(Deployment, deployment_id)
    if deployment is None:
        raise StepFailed(DeploymentCode.DEPLOYMENT_NOT_FOUND, "The deployment was deleted in the meantime.")
    operation = None if operation_id is None else await session.get(Operation, operation_id)
    rollout = await _rollout(session, operation_id)
    pairs = await _targets(session, deployment_id, clusters)
    outputs = {
        "generation": generation,
        "rollout": None if rollout is None else rollout.phase,
        "targets": [{"cluster": name, "status": row.status, "health": row.health} for row, name in pairs],
    }
    if goal == "NONE":
        return None, outputs
    if rollout is not None and rollout.phase in ENDED and rollout.phase is not RolloutPhase.SUCCEEDED:
        raise StepFailed("rollout_failed", f"The rollout of {deployment.release_name} is {rollout.phase}.")
    if operation is not None and operation.state in (OperationState.FAILED, OperationState.CANCELLED):
        raise StepFailed("operation_failed", await _why(session, operation))
    if deployment.generation > generation:
        message = (
            f"Generation {deployment.generation} of {deployment.release_name} has replaced generation {generation}."
        )
        raise StepFailed("superseded", message)
    if rollout is not None and rollout.phase not in ENDED:
        return f"The rollout is {rollout.phase}.", outputs
    if operation is not None and operation.state.is_open:
        return "Waiting for Helm on the targets.", outputs
    late = [name for row, name in pairs if row.status is not TargetStatus.DEPLOYED]
    if late:
        return f"Not DEPLOYED yet: {some_of(late)}.", outputs
    late = [name for row, name in pairs if row.health is not Health.HEALTHY] if goal == "HEALTHY" else []
    return f"Not HEALTHY yet: {some_of(late)}." if late else None, outputs


async def _rollout(session: AsyncSession, operation_id: int | None) -> Rollout | None:
    if operation_id is None:
        return None
    return (await session.exec(select(Rollout).where(col(Rollout.operation_id) == operation_id))).first()


async def _targets(
    session: AsyncSession, deployment_id: int, clusters: Iterable[str] | None
) -> list[tuple[Target, str]]:
    statement = (
        select(Target, Cluster.name)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(Target.deployment_id) == deployment_id, col(Target.wanted))
        .order_by(col(Cluster.name))
    )
    if clusters is not None:
        statement = statement.where(col(Cluster.name).in_(list(clusters)))
    return list((await session.exec(statement)).all())


async def _why(session: AsyncSession, operation: Operation) -> str:
    if operation.state is OperationState.CANCELLED:
        return f"The operation was cancelled by {operation.cancelled_by}."
    statement = (
        select(OperationResult.cluster_name, OperationResult.error)
        .where(col(OperationResult.operation_id) == operation.id, col(OperationResult.state) == OperationState.FAILED)
        .order_by(col(OperationResult.cluster_name))
    )
    failed = (await session.exec(statement)).all()
    first = str((failed[0][1] or {}).get("message", ""))[:_MOST_SHOWN] if failed else ""
    return f"It has failed on {some_of([name for name, _ in failed])}: {first}"
