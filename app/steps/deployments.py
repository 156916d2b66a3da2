"""`deploy` and `reconcile`: changes of deployments, and the wait until their targets have them."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Change:
    """A generation of a deployment and the operation that brings it, None if there is nothing to do. It is waited for
    on the named clusters, or on all."""

    deployment_id: int
    generation: int
    operation_id: int | None
    goal: str
    clusters: Collection[str] | None = None


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
    return await _reached(context, _Change(deployment.id, generation, operation_id, _goal(inputs)))


async def reconcile(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """An attempt that is executed again starts another reconciliation, which does not touch what matches."""
    deployment = await _deployment(context, inputs)
    request = ReconcileDeployment(id=deployment.id, targets=inputs.get("targets"))
    answer = await reconcile_deployment(context.services, context.starter, request, Progress())
    assert answer.deployment is not None and answer.operation is not None
    generation = answer.deployment.generation
    change = _Change(deployment.id, generation, answer.operation.id, _goal(inputs), inputs.get("targets"))
    return await _reached(context, change)


def _goal(inputs: Mapping[str, Any]) -> str:
    return str(inputs.get("waitFor", "DEPLOYED"))


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


async def _reached(context: StepContext, change: _Change) -> Mapping[str, Any]:
    """Waits until the targets have the generation, as the goal says. Returns the outputs.

    Raises:
        StepFailed: an operation or a rollout has failed, or a newer generation has replaced this one.
    """

    def pick(event: Event) -> tuple[int, ...]:
        return (change.deployment_id,) if event.deployment_id == change.deployment_id else ()

    async with context.services.feed.follow(context.organization_id, pick) as follower:
        said = ""
        while True:
            async with context.services.database.reading() as session:
                waits_for, outputs = await _look(session, change)
            if waits_for is None:
                return outputs
            if waits_for != said:
                said = waits_for
                await context.log(said)
            await follower.changed()


async def _look(session: AsyncSession, change: _Change) -> tuple[str | None, Mapping[str, Any]]:
    """What is still waited for, and the outputs."""
    deployment = await session.get(Deployment, change.deployment_id)
    if deployment is None:
        raise StepFailed(DeploymentCode.DEPLOYMENT_NOT_FOUND, "The deployment was deleted in the meantime.")
    operation = None if change.operation_id is None else await session.get(Operation, change.operation_id)
    rollout = await _rollout(session, change.operation_id)
    pairs = await _targets(session, change)
    outputs = {
        "generation": change.generation,
        "rollout": None if rollout is None else rollout.phase,
        "targets": [{"cluster": name, "status": row.status, "health": row.health} for row, name in pairs],
    }
    if change.goal == "NONE":
        return None, outputs
    if rollout is not None and rollout.phase in ENDED and rollout.phase is not RolloutPhase.SUCCEEDED:
        raise StepFailed("rollout_failed", f"The rollout of {deployment.release_name} is {rollout.phase}.")
    if operation is not None and operation.state in (OperationState.FAILED, OperationState.CANCELLED):
        raise StepFailed("operation_failed", await _why(session, operation))
    if deployment.generation > change.generation:
        newer, name = deployment.generation, deployment.release_name
        message = f"Generation {newer} of {name} has replaced generation {change.generation}."
        raise StepFailed("superseded", message)
    if rollout is not None and rollout.phase not in ENDED:
        return f"The rollout is {rollout.phase}.", outputs
    if operation is not None and operation.state.is_open:
        return "Waiting for Helm on the targets.", outputs
    late = [name for row, name in pairs if row.status is not TargetStatus.DEPLOYED]
    if late:
        return f"Not DEPLOYED yet: {some_of(late)}.", outputs
    late = [name for row, name in pairs if row.health is not Health.HEALTHY] if change.goal == "HEALTHY" else []
    return f"Not HEALTHY yet: {some_of(late)}." if late else None, outputs


async def _rollout(session: AsyncSession, operation_id: int | None) -> Rollout | None:
    if operation_id is None:
        return None
    return (await session.exec(select(Rollout).where(col(Rollout.operation_id) == operation_id))).first()


async def _targets(session: AsyncSession, change: _Change) -> list[tuple[Target, str]]:
    statement = (
        select(Target, Cluster.name)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(Target.deployment_id) == change.deployment_id, col(Target.wanted))
        .order_by(col(Cluster.name))
    )
    if change.clusters is not None:
        statement = statement.where(col(Cluster.name).in_(change.clusters))
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
