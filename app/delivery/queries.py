"""Reads rollouts, their waves and their targets from the database."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel import select as rows_of
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.rollouts.states import RolloutPhase, TargetState
from app.tables.deployments import Deployment
from app.tables.rollouts import (
    CheckMeasurement,
    CheckRun,
    GateDecision,
    GenerationHold,
    Rollout,
    RolloutTarget,
    RolloutWave,
)

SHOWN_MEASUREMENTS = 20
"""The measurements of a check that are shown."""
COSTS_NOTHING = (TargetState.READY, TargetState.SKIPPED, TargetState.REVERTED)


async def rollouts_page(
    services: Services,
    organization_id: int,
    window: Window,
    *,
    deployment_id: int | None = None,
    phases: Sequence[RolloutPhase] | None = None,
) -> Page[Rollout]:
    """The rollouts of an organization or of one deployment, newest first."""
    statement = rows_of(Rollout).where(col(Rollout.organization_id) == organization_id)
    if deployment_id is not None:
        statement = statement.where(col(Rollout.deployment_id) == deployment_id)
    if phases is not None:
        statement = statement.where(col(Rollout.phase).in_(phases))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Rollout.id)], window, descending=True)


async def targets_page(services: Services, rollout_id: int, wave: int, window: Window) -> Page[RolloutTarget]:
    """The targets of a wave, by the name of the cluster."""
    statement = rows_of(RolloutTarget).where(
        col(RolloutTarget.rollout_id) == rollout_id, col(RolloutTarget.wave) == wave
    )
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(RolloutTarget.cluster_name)], window)


async def present_rollouts(session: AsyncSession, deployment_ids: Sequence[int]) -> dict[int, Rollout]:
    """The newest rollout of the present generation, by the id of its deployment."""
    statement = (
        rows_of(Rollout)
        .join(Deployment, col(Deployment.id) == Rollout.deployment_id)
        .where(col(Deployment.id).in_(deployment_ids), col(Rollout.generation) == Deployment.generation)
        .order_by(col(Rollout.id))
    )
    return {row.deployment_id: row for row in (await session.exec(statement)).all()}


async def running_strategies(
    session: AsyncSession, deployment_ids: Sequence[int]
) -> defaultdict[int, list[dict[str, Any]]]:
    """The strategies of rollouts that have not ended, and of those that begin again once a hold is lifted, by the id of
    the deployment."""
    is_held = (
        select(col(GenerationHold.generation))
        .where(col(GenerationHold.deployment_id) == Rollout.deployment_id)
        .where(col(GenerationHold.generation) == Rollout.generation, col(GenerationHold.lifted_at).is_(None))
        .exists()
    )
    is_running = col(Rollout.is_active) | col(Rollout.is_queued)
    statement = select(col(Rollout.deployment_id), col(Rollout.strategy)).where(
        col(Rollout.deployment_id).in_(deployment_ids),
        is_running | ((col(Rollout.phase) == RolloutPhase.ROLLED_BACK) & is_held),
    )
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for deployment_id, strategy in await session.execute(statement):
        found[deployment_id].append(strategy)
    return found


async def superseding(session: AsyncSession, rollout_ids: Sequence[int]) -> dict[int, Rollout]:
    """The rollout that superseded each of these."""
    statement = rows_of(Rollout).where(col(Rollout.supersedes_id).in_(rollout_ids)).order_by(col(Rollout.id))
    return {row.supersedes_id: row for row in (await session.exec(statement)).all() if row.supersedes_id}


async def waves(session: AsyncSession, rollout_ids: Sequence[int]) -> Iterable[RolloutWave]:
    statement = rows_of(RolloutWave).where(col(RolloutWave.rollout_id).in_(rollout_ids))
    return (await session.exec(statement.order_by(col(RolloutWave.index)))).all()


async def decisions(session: AsyncSession, rollout_ids: Sequence[int]) -> Iterable[GateDecision]:
    """What users decided on waves, the oldest first."""
    statement = rows_of(GateDecision).where(col(GateDecision.rollout_id).in_(rollout_ids))
    return (await session.exec(statement.order_by(col(GateDecision.id)))).all()


async def check_runs(session: AsyncSession, rollout_ids: Sequence[int]) -> Iterable[CheckRun]:
    """The runs of checks, the oldest first."""
    statement = rows_of(CheckRun).where(col(CheckRun.rollout_id).in_(rollout_ids))
    return (await session.exec(statement.order_by(col(CheckRun.id)))).all()


async def last_measurements(session: AsyncSession, run_ids: Sequence[int]) -> Iterable[CheckMeasurement]:
    """The last measurements of runs of checks, at most 20 of each, the oldest first."""
    newest = func.row_number().over(
        partition_by=col(CheckMeasurement.run_id), order_by=col(CheckMeasurement.number).desc()
    )
    ranked = select(CheckMeasurement, newest.label("rank")).where(col(CheckMeasurement.run_id).in_(run_ids)).subquery()
    shown = aliased(CheckMeasurement, ranked)
    statement = rows_of(shown).where(ranked.c.rank <= SHOWN_MEASUREMENTS).order_by(ranked.c.number)
    return (await session.exec(statement)).all()


async def state_counts(session: AsyncSession, rollout_ids: Sequence[int]) -> dict[int, dict[int, Counter[TargetState]]]:
    """The number of targets in each state, by the ids of the rollouts and their waves."""
    columns = col(RolloutTarget.rollout_id), col(RolloutTarget.wave), col(RolloutTarget.state)
    statement = select(*columns, func.count()).where(col(RolloutTarget.rollout_id).in_(rollout_ids)).group_by(*columns)
    found: defaultdict[int, dict[int, Counter[TargetState]]] = defaultdict(dict)
    for rollout_id, wave, state, count in await session.execute(statement):
        found[rollout_id].setdefault(wave, Counter())[state] = count
    return {rollout_id: found[rollout_id] for rollout_id in rollout_ids}


async def costing(session: AsyncSession, rollout_ids: Sequence[int]) -> Iterable[tuple[int, int]]:
    """The rollouts' targets that count as unavailable because of them, each as the rollout's id and the target's."""
    statement = (
        select(col(RolloutTarget.rollout_id), col(RolloutTarget.target_id))
        .where(col(RolloutTarget.rollout_id).in_(rollout_ids), col(RolloutTarget.was_available))
        .where(col(RolloutTarget.state).not_in(COSTS_NOTHING), col(RolloutTarget.target_id).is_not(None))
        .order_by(col(RolloutTarget.cluster_name))
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def target_states(session: AsyncSession, target_ids: Sequence[int]) -> dict[int, TargetState]:
    """The state of targets in the newest rollout of their deployment's present generation."""
    statement = (
        select(col(RolloutTarget.target_id), col(RolloutTarget.state))
        .join(Rollout, col(Rollout.id) == RolloutTarget.rollout_id)
        .join(Deployment, col(Deployment.id) == Rollout.deployment_id)
        .where(col(RolloutTarget.target_id).in_(target_ids), col(Rollout.generation) == Deployment.generation)
        .order_by(col(Rollout.id))
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def open_holds(session: AsyncSession, deployment_ids: Sequence[int]) -> Iterable[GenerationHold]:
    """The generations that no target may move to, newest first."""
    statement = rows_of(GenerationHold).where(
        col(GenerationHold.deployment_id).in_(deployment_ids), col(GenerationHold.lifted_at).is_(None)
    )
    return (await session.exec(statement.order_by(col(GenerationHold.generation).desc()))).all()
