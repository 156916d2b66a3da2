"""Reads a rollout from the database as what `app.rollouts` decides on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.health.health import Health
from app.operations.windows import holding
from app.releases.status import TargetStatus
from app.rollouts.approvals import WaveDecision
from app.rollouts.members import Member, Run, Seen
from app.rollouts.progress import Known, RolloutState, Wave
from app.rollouts.states import WAITING, CheckVerdict
from app.rollouts.strategy import WaveRule
from app.rollouts.windows import OPEN
from app.tables.clusters import Cluster, Reachability
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationResult
from app.tables.rollouts import CheckRun, GateDecision, Rollout, RolloutTarget, RolloutWave
from app.tables.states import PlanVerdict
from app.tables.targets import Release, Target, TargetHold
from app.targets.joins import OPEN_RESULT, RELEASE_OF_TARGET
from app.windows.applying import openings

_FINISHED_AT = (
    select(func.max(OperationResult.finished_at))
    .where(col(OperationResult.target_id) == Target.id)
    .correlate(Target)
    .scalar_subquery()
)
_TARGETS = (
    select(
        RolloutTarget,
        col(Target.wanted),
        col(Target.generation),
        col(Target.allowed_generation),
        col(Target.status),
        col(Target.health),
        col(Target.health_since),
        col(Target.inventory_version),
        col(Target.error).is_not(None),
        col(Cluster.reachability),
        col(Release.revision),
        col(Release.resource_version),
        select(col(OperationResult.operation_id)).where(OPEN_RESULT).correlate(Target).exists(),
        _FINISHED_AT,
        select(col(TargetHold.target_id)).where(col(TargetHold.target_id) == Target.id).correlate(Target).exists(),
    )
    .join(Target, col(Target.id) == RolloutTarget.target_id)
    .join(Deployment, col(Deployment.id) == Target.deployment_id)
    .join(Cluster, col(Cluster.id) == Target.cluster_id)
    .join(Release, RELEASE_OF_TARGET, isouter=True)
    .where(col(RolloutTarget.rollout_id) == bindparam("rollout"))
)
_WAVES = select(RolloutWave).where(col(RolloutWave.rollout_id) == bindparam("rollout")).order_by(col(RolloutWave.index))
_DECISIONS = select(GateDecision).where(col(GateDecision.rollout_id) == bindparam("rollout"))
_CHECKS = select(CheckRun).where(col(CheckRun.rollout_id) == bindparam("rollout")).order_by(col(CheckRun.id))


@dataclass(frozen=True)
class Loaded:
    """A rollout with its rows and with what is known of its targets, by the target's id. `is_cancelled` says that its
    operation was cancelled. `checks` has the newest run of each check, unless it was cancelled."""

    row: Rollout
    waves: list[RolloutWave]
    targets: Mapping[int, RolloutTarget]
    state: RolloutState
    known: Known
    operation: Operation | None
    checks: Mapping[tuple[int, str], CheckRun]

    @property
    def is_cancelled(self) -> bool:
        return self.operation is not None and self.operation.cancelled_at is not None


async def load(session: AsyncSession, row: Rollout, now: datetime) -> Loaded:
    """Everything that the next advance of a rollout depends on."""
    given = {"rollout": row.id}
    waves = list((await session.execute(_WAVES, given)).scalars())
    targets: dict[int, RolloutTarget] = {}
    seen: dict[int, Seen] = {}
    for target, *facts in await session.execute(_TARGETS, given):
        targets[target.target_id] = target
        seen[target.target_id] = _seen(target, *facts)
    operation = await session.get(Operation, row.operation_id) if row.operation_id else None
    waiting = [id_ for id_, target in targets.items() if target.state in WAITING]
    for id_, opening in (await openings(session, waiting, now, partial(holding, operation))).items():
        seen[id_] = replace(seen[id_], opening=opening)
    decisions = [
        WaveDecision(
            each.wave, each.plan_digest, each.user_id or 0, each.verdict is PlanVerdict.APPROVED, each.created_at
        )
        for each in (await session.execute(_DECISIONS, given)).scalars()
    ]
    newest = {(each.wave, each.name): each for each in (await session.execute(_CHECKS, given)).scalars()}
    checks = {key: run for key, run in newest.items() if run.verdict is not CheckVerdict.CANCELLED}
    state = RolloutState(
        waves=tuple(Wave(WaveRule.of_json(wave.rule), wave.state, wave.settled_at) for wave in waves),
        members={target_id: member_of(target) for target_id, target in targets.items()},
        budget=row.budget,
        plan_digest=row.plan_digest,
        author=row.author_id,
        phase=row.phase,
        ending=row.ending,
        is_expedited=row.is_expedited,
    )
    verdicts = {key: run.verdict for key, run in checks.items()}
    return Loaded(row, waves, targets, state, Known(seen, now, decisions, verdicts), operation, checks)


def member_of(row: RolloutTarget) -> Member:
    return Member(
        wave=row.wave,
        state=row.state,
        is_put_off=row.is_put_off,
        is_preceding=row.is_preceding,
        was_available=row.was_available,
        moved_at=row.moved_at,
        due=row.due_at,
        attempt=row.attempt,
    )


def columns_of(member: Member) -> dict[str, Any]:
    """The columns of a row that an advance changes."""
    return {
        "wave": member.wave,
        "state": member.state,
        "is_put_off": member.is_put_off,
        "is_preceding": member.is_preceding,
        "was_available": member.was_available,
        "moved_at": member.moved_at,
        "due_at": member.due,
        "attempt": member.attempt,
    }


def _seen(
    row: RolloutTarget,
    wanted: bool,
    generation: int | None,
    allowed: int | None,
    status: TargetStatus,
    health: Health,
    health_since: datetime,
    inventory_version: str,
    has_error: bool,
    reachability: Reachability,
    revision: int | None,
    resource_version: str | None,
    is_open: bool,
    finished_at: datetime | None,
    is_remedied: bool,
) -> Seen:
    """What is known of a target. The health counts only if it is that of the release's present revision, and after a
    move only if the release is as it is desired. A target whose failed move was remedied has failed, whatever it has
    now: a move ends the hold of an earlier one."""
    has_moved = row.moved_at is not None
    has_converged = generation is not None and generation == allowed and not has_error and not is_remedied
    is_current = inventory_version == resource_version
    is_healthy = health is Health.HEALTHY and (not has_moved or (is_current and status is TargetStatus.DEPLOYED))
    run = None
    if has_moved:
        run = Run.OPEN if is_open and not is_remedied else Run.SUCCEEDED if has_converged else Run.FAILED
    return Seen(
        is_targeted=wanted,
        is_reachable=reachability is Reachability.REACHABLE,
        observed_at=max(filter(None, (health_since, finished_at))),
        opening=OPEN,
        is_busy=is_open and not has_moved,
        run=run,
        written=revision if has_converged else None,
        revision=revision,
        healthy_since=health_since if is_healthy else None,
        is_judged=health is not Health.UNKNOWN and (is_current or not has_moved),
    )
