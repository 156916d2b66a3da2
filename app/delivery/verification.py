"""Reads what is known of a generation, to decide whether it is verified on all targets of its deployment."""

from sqlalchemy import bindparam, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.health.health import Health
from app.releases.status import TargetStatus
from app.rollouts.states import TargetState
from app.rollouts.verification import Evidence, doubts
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.rollouts import GenerationHold, Rollout, RolloutTarget
from app.tables.targets import Release, Target
from app.targets.joins import joined

_IS_HELD = select(
    select(col(GenerationHold.generation))
    .where(col(GenerationHold.deployment_id) == bindparam("deployment"))
    .where(col(GenerationHold.generation) == bindparam("generation"), col(GenerationHold.lifted_at).is_(None))
    .exists()
)
_ROLLOUT = (
    select(col(Rollout.id), col(Rollout.phase))
    .where(col(Rollout.deployment_id) == bindparam("deployment"), col(Rollout.generation) == bindparam("generation"))
    .where(col(Rollout.rollback_of_id).is_(None))
    .order_by(col(Rollout.id).desc())
    .limit(1)
)
_PENDING = (
    select(col(RolloutTarget.cluster_name), col(RolloutTarget.state))
    .where(col(RolloutTarget.rollout_id) == bindparam("rollout"))
    .where(col(RolloutTarget.state).not_in([TargetState.READY, TargetState.SKIPPED]))
)
_TARGETS = joined(
    select(
        col(Cluster.name),
        col(Target.generation),
        col(Target.status),
        col(Target.health),
        (col(Target.inventory_version) == Release.resource_version).label("is_current"),
    )
).where(col(Target.deployment_id) == bindparam("deployment"), col(Target.wanted))


async def why_unverified(
    session: AsyncSession, deployment: Deployment, revision: DeploymentRevision, *, was_verified: bool
) -> list[str]:
    """Why a generation of the deployment is not verified, as ends of a sentence; empty if it is."""
    given = {"deployment": deployment.id, "generation": revision.generation}
    is_held = (await session.execute(_IS_HELD, given)).scalar_one()
    rollout = (await session.execute(_ROLLOUT, given)).one_or_none()
    pending: dict[str, TargetState] = {}
    if rollout is not None:
        pending.update((await session.execute(_PENDING, {"rollout": rollout.id})).all())
    unfit = None
    if revision.generation == deployment.generation:
        found = {name: _unfit(revision.generation, *facts) for name, *facts in await session.execute(_TARGETS, given)}
        unfit = {name: words for name, words in found.items() if words}
    return doubts(
        Evidence(
            has_targets=bool(revision.targets),
            is_held=is_held,
            phase=rollout.phase if rollout else None,
            pending=pending,
            unfit=unfit,
            was_verified=was_verified,
        )
    )


def _unfit(
    wanted: int, generation: int | None, status: TargetStatus, health: Health, is_current: bool | None
) -> str | None:
    """What is wrong with a target; its health counts only if it is that of the release's present revision."""
    if status is not TargetStatus.DEPLOYED:
        return status.value
    if generation != wanted:
        return f"at generation {generation}"
    return None if health is Health.HEALTHY and is_current else health.value if is_current else Health.UNKNOWN.value
