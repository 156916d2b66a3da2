"""What a check is about: the wave of a rollout, and the targets that it examines."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.delivery.checking import answers_of
from app.delivery.leftovers import jobs_of
from app.health.health import Health
from app.jobs.rollouts import CheckJobs
from app.releases.status import TargetStatus
from app.rollouts.checks import CheckRule, Finding
from app.rollouts.states import ACTIVE, Answer, CheckVerdict, TargetState, WaveState
from app.tables.clusters import Cluster, Reachability
from app.tables.rollouts import CheckRun, Rollout, RolloutTarget, RolloutWave
from app.tables.targets import Target

UNREACHABLE = Finding(Answer.ERROR, "The cluster is unreachable.")

_TARGETS = (
    select(
        col(RolloutTarget.state),
        col(Target.id),
        col(Cluster.name),
        col(Target.status),
        col(Target.health),
        col(Cluster.reachability),
    )
    .join(Target, col(Target.id) == RolloutTarget.target_id)
    .join(Cluster, col(Cluster.id) == Target.cluster_id)
    .where(col(RolloutTarget.rollout_id) == bindparam("rollout"), col(RolloutTarget.wave) == bindparam("wave"))
    .where(col(Target.wanted))
    .order_by(col(Cluster.name))
)


@dataclass(frozen=True, slots=True)
class CheckedTarget:
    """A target that a check examines."""

    id: int
    cluster: str
    health: Health
    is_reachable: bool


@dataclass(frozen=True)
class Subject:
    """A run of a check that is due, with its rollout, and the targets of its wave that it examines: before the wave
    those that have a release, and after it those that are READY. `has_others` says that the wave has others."""

    run: CheckRun
    row: Rollout
    wave: str
    rule: CheckRule
    targets: tuple[CheckedTarget, ...]
    has_others: bool
    number: int
    """That of the measurement."""
    jobs: CheckJobs | None
    """Where the Jobs of the run are, if its check runs Jobs."""


async def due_subject(session: AsyncSession, run_id: int, version: int) -> Subject | None:
    """The run, if its measurement is wanted: its version is this one, and the rollout is neither paused nor ended."""
    run = await session.get(CheckRun, run_id)
    if run is None or run.version != version or run.verdict is not CheckVerdict.RUNNING:
        return None
    row = await session.get_one(Rollout, run.rollout_id)
    wave = await session.get_one(RolloutWave, (run.rollout_id, run.wave))
    if row.phase not in ACTIVE or not row.is_active:
        return None
    is_before = wave.state is WaveState.PENDING
    found, others = list[CheckedTarget](), 0
    for state, *facts in await session.execute(_TARGETS, {"rollout": row.id, "wave": run.wave}):
        target_id, cluster, status, health, reachability = facts
        if _is_examined(state, status, is_before=is_before):
            found.append(CheckedTarget(target_id, cluster, health, reachability is Reachability.REACHABLE))
        else:
            others += state is not TargetState.SKIPPED
    rule = CheckRule.of_json(run.rule)
    number = len(await answers_of(session, run.id)) + 1
    jobs = (await jobs_of(session, row, [run])).get(run.id)
    has_others = others > 0 and not is_before
    return Subject(run, row, wave.rule["name"], rule, tuple(found), has_others=has_others, number=number, jobs=jobs)


def _is_examined(state: TargetState, status: TargetStatus, *, is_before: bool) -> bool:
    return status is not TargetStatus.NOT_INSTALLED if is_before else state is TargetState.READY
