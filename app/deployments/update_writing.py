"""Writes an update in one transaction: the options, and the new generation with its operation, if there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import NotFound
from app.core.names import counted
from app.core.services import Services
from app.core.transaction import Transaction
from app.delivery.queries import running_strategies
from app.deployments.answer import Answer
from app.deployments.binding import Binding
from app.deployments.codes import DeploymentCode, DeploymentEvent
from app.deployments.dependencies import write_dependencies
from app.deployments.desired_state import DesiredState
from app.deployments.generation import target_names, write_generation
from app.deployments.idempotency import keep_answer, take_key
from app.deployments.options import OPTIONS, Effect, effects_of, stored_options
from app.deployments.promoted import Promoted, note_promotion
from app.deployments.proposal import Proposal
from app.deployments.strategies import sent_secrets
from app.deployments.update_request import UpdateDeployment
from app.groups.queries import chosen_members, members_of
from app.identity.viewer import Viewer
from app.operations.progress import start_operation
from app.resources.corrections import end_contests
from app.resources.drift import compare_again
from app.resources.inventory import forget_inventories
from app.rollouts.stored_form import secret_ids
from app.secrets.queries import marks_of, referenced, write_uses
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.operations import Operation, OperationKind
from app.tables.secrets import Secret
from app.targets.covering import cover_secrets


class MovedOnError(Exception):
    """The deployment has changed between reading and writing."""


async def write_update(
    services: Services,
    viewer: Viewer,
    request: UpdateDeployment,
    group: ClusterGroup,
    proposal: Proposal,
    digest: bytes,
    bound: Binding,
    kind: OperationKind,
    *,
    promoted: Promoted | None,
    unchanged: bool,
) -> Answer:
    """Writes an update as it was proposed. With `unchanged`, the desired state is the present one, and there is no new
    generation.

    Raises:
        MovedOnError: the proposal is no longer about the deployment as it is.
        UserError: what the update refers to was removed in the meantime.
    """
    read, state, clusters = proposal.deployment, proposal.desired_state, proposal.clusters
    assert state is not None
    uses_others = not unchanged or request.strategy is not None
    async with services.transaction() as transaction:
        session = transaction.session
        await take_key(transaction, read.organization_id, request.idempotency_key, digest)
        await _lock_group(session, read.group_id, request)
        if uses_others or bound.is_planned:
            secrets, sent = await _lock_secrets(session, group, state, read, request)
            state = replace(state, marks=marks_of(secrets))
        deployment = await _lock_unmoved(session, read, request)
        chosen_members(await members_of(session, read.group_id), list(clusters))
        changed = await _write_options(transaction, deployment, request, bound, state)
        if uses_others:
            await session.flush()
            await write_uses(session, deployment.id, [*secrets, *sent], await _sent_by_rollouts(session, deployment.id))
        operation = None
        if not unchanged:
            operation = await _write_generation(transaction, viewer, request, deployment, state, clusters, kind)
            if promoted is not None:
                await note_promotion(transaction, deployment, promoted, viewer.name)
        elif changed:
            _record_options(transaction, viewer, deployment, changed)
        if unchanged and bound.acts:
            operation = await start_operation(
                transaction,
                deployment,
                OperationKind.RECONCILE,
                await target_names(transaction, deployment.id),
                author=viewer.name,
                allow_crd_version_removal=request.allow_crd_version_removal or (),
            )
        operation_id = operation.id if operation else None
        await keep_answer(transaction, deployment.organization_id, request.idempotency_key, deployment.id, operation_id)
        await bound.end(transaction, deployment, operation)
        return Answer(deployment, operation)


async def _lock_group(session: AsyncSession, group_id: int, request: UpdateDeployment) -> None:
    """Keeps the group as it is. A change of dependencies excludes all others in the group, so that no two of them make
    a cycle together."""
    lock = {"read": True} if request.depends_on is None else {"key_share": True}
    await session.get(ClusterGroup, group_id, with_for_update=lock)


async def _lock_secrets(
    session: AsyncSession, group: ClusterGroup, state: DesiredState, read: Deployment, request: UpdateDeployment
) -> tuple[Sequence[Secret], Sequence[Secret]]:
    """The secrets in the values, and those that the checks of the strategy send."""
    secrets = await referenced(session, group, state.references, hold=True)
    strategy = read.strategy if request.strategy is None else request.strategy
    return secrets, await sent_secrets(session, strategy, request.strategy_override)


async def _lock_unmoved(session: AsyncSession, read: Deployment, request: UpdateDeployment) -> Deployment:
    """The deployment, locked, if it is still as it was read."""
    deployment = await session.get(Deployment, read.id, with_for_update={"key_share": True})
    if deployment is None:
        raise NotFound(DeploymentCode.DEPLOYMENT_NOT_FOUND, "There is no such deployment.", ("id",))
    if deployment.generation != read.generation or deployment.deleting:
        raise MovedOnError
    if request.strategy is None and deployment.strategy != read.strategy:
        raise MovedOnError
    return deployment


async def _write_options(
    transaction: Transaction, deployment: Deployment, request: UpdateDeployment, bound: Binding, state: DesiredState
) -> list[str]:
    """Writes the options and dependencies that differ, with what follows from them; returns their names."""
    options = {name: value for name, value in stored_options(request).items() if value != getattr(deployment, name)}
    for name, value in options.items():
        setattr(deployment, name, value)
    await bound.begin(transaction, deployment, state)
    changed = list(options)
    if request.depends_on is not None and await write_dependencies(transaction, deployment, request.depends_on):
        changed.append("depends_on")
    effects = effects_of(options)
    if Effect.INVENTORIES in effects:
        await forget_inventories(transaction, await target_names(transaction, deployment.id))
    if Effect.LIVE_DRIFT in effects:
        await transaction.session.flush()
        await compare_again(transaction, deployment.id)
    if Effect.CONTESTS in effects:
        await end_contests(transaction, await target_names(transaction, deployment.id))
    return changed


async def _write_generation(
    transaction: Transaction,
    viewer: Viewer,
    request: UpdateDeployment,
    deployment: Deployment,
    state: DesiredState,
    clusters: Mapping[str, Cluster],
    kind: OperationKind,
) -> Operation:
    """Writes the next generation, and starts the operation that brings the targets to it."""
    deployment.generation += 1
    deployment.updated_at = now()
    await transaction.session.flush()
    await cover_secrets(transaction, deployment, state.references)
    transaction.record(
        DeploymentEvent.UPDATED,
        f"{deployment.release_name} was changed: generation {deployment.generation},"
        f" {state.archive.name} {state.archive.version} on {counted(len(clusters), 'cluster')}.",
        organization_id=deployment.organization_id,
        actor=viewer.name,
        subject=deployment,
        generation=deployment.generation,
        targets=list(clusters),
    )
    return await write_generation(
        *(transaction, deployment, state, dict(clusters), kind),
        author=viewer.name,
        allow_crd_version_removal=request.allow_crd_version_removal or (),
        strategy=request.strategy_override,
    )


def _record_options(transaction: Transaction, viewer: Viewer, deployment: Deployment, changed: Sequence[str]) -> None:
    deployment.updated_at = now()
    transaction.record(
        DeploymentEvent.OPTIONS,
        f"{deployment.release_name} was changed: {', '.join(OPTIONS[name].words for name in changed)}.",
        organization_id=deployment.organization_id,
        actor=viewer.name,
        subject=deployment,
        options=list(changed),
    )


async def _sent_by_rollouts(session: AsyncSession, deployment_id: int) -> set[int]:
    """The ids of the secrets that the checks of running rollouts send."""
    running = (await running_strategies(session, [deployment_id]))[deployment_id]
    return set[int]().union(*map(secret_ids, running))
