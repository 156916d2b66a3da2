"""Creates rollouts: which targets take part in which wave, and what the rollout does first."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, text, update
from sqlalchemy import insert as added
from sqlmodel import col

from app.core.names import counted
from app.core.transaction import Transaction
from app.delivery.checking import cancel_checks
from app.delivery.codes import RolloutEvent
from app.delivery.gates import stored_gates
from app.delivery.target_holds import drop_holds
from app.jobs.rollouts import wake_rollouts
from app.operations.progress import end_rollout_operation
from app.releases.canonical import canonical
from app.releases.selectors import ClusterFacts
from app.rollouts.progress import Gate
from app.rollouts.states import GateKind, RolloutPhase, TargetState
from app.rollouts.strategy import Strategy, assign
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.identity import User
from app.tables.rollouts import Rollout, RolloutTarget, RolloutWave
from app.tables.states import OperationState
from app.tables.targets import Target
from app.targets.judging import judge_targets
from app.targets.locking import lock_targets


@dataclass(frozen=True, slots=True)
class Joining:
    """A target that takes part in a rollout, with the generation that it moves to and what belongs to that."""

    target_id: int
    cluster_name: str
    generation: int
    inputs: dict[str, Any] | None
    results: dict[str, Any]
    endpoints: list[dict[str, Any]]
    desired_digest: bytes


@dataclass(frozen=True, slots=True)
class Origin:
    """Why there is a rollout: who has changed the deployment, and which rollout it follows."""

    author: str | None
    operation_id: int | None
    supersedes: Rollout | None = None
    rollback_of: Rollout | None = None


_OPEN = (
    select(Rollout)
    .where(col(Rollout.deployment_id) == bindparam("deployment"))
    .where(col(Rollout.is_active) | col(Rollout.is_queued))
    .order_by(col(Rollout.id))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
# The desired state of the target becomes that of the generation.
ALLOW = """
    UPDATE target t SET allowed_generation = r.generation, desired_digest = r.desired_digest, inputs = r.inputs,
        results = r.results, endpoints = r.endpoints, evaluation_error = NULL
"""
_ALLOW_EQUAL = text(f"""
    {ALLOW}, generation = r.generation
    FROM rollout_target r
    WHERE r.rollout_id = :rollout AND r.target_id = t.id AND t.allowed_generation IS NOT NULL
        AND t.generation = t.allowed_generation AND t.desired_digest = r.desired_digest
        AND t.status = 'DEPLOYED' AND t.error IS NULL AND t.wanted AND NOT r.is_preceding
    RETURNING t.id
""")
_TAKE_OVER = text("""
    UPDATE rollout_target r SET state = b.state, is_preceding = true, was_available = b.was_available,
        moved_at = b.moved_at, due_at = b.due_at, operation_id = b.operation_id
    FROM rollout_target b
    WHERE r.rollout_id = :rollout AND b.rollout_id = :before AND b.target_id = r.target_id
        AND b.state IN ('MOVING', 'SETTLING')
""")
_JOIN = text("""
    UPDATE target t SET rollout_id = :rollout
    FROM rollout_target r
    WHERE r.rollout_id = :rollout AND r.target_id = t.id
""")


async def open_rollouts(transaction: Transaction, deployment_id: int) -> list[Rollout]:
    """The rollouts of a deployment that have not been replaced, the oldest first, locked until the transaction ends."""
    await transaction.session.flush()  # rows that this transaction has changed are read again
    found = await transaction.session.execute(_OPEN, {"deployment": deployment_id})
    return list(found.scalars())


async def create_rollout(
    transaction: Transaction,
    deployment: Deployment,
    strategy: dict[str, Any],
    joining: Sequence[Joining],
    clusters: Sequence[ClusterFacts],
    origin: Origin,
    *,
    waits: bool = False,
) -> Rollout:
    """Writes a rollout to these clusters in the waves of a strategy. It begins after the commit unless it `waits` for
    an earlier one.

    The caller has locked the deployment, and has ended the active rollout unless the new one waits."""
    rules, wave_of = assign(Strategy.of_json(strategy), clusters)
    stored = [*strategy["waves"], *(rule.as_json() for rule in rules[len(strategy["waves"]) :])]
    waves = {each.target_id: wave_of[each.cluster_name] for each in joining}
    return await write_rollout(transaction, deployment, strategy, stored, joining, waves, origin, waits=waits)


async def write_rollout(
    transaction: Transaction,
    deployment: Deployment,
    strategy: dict[str, Any],
    rules: Sequence[dict[str, Any]],
    joining: Sequence[Joining],
    waves: Mapping[int, int],
    origin: Origin,
    *,
    waits: bool = False,
) -> Rollout:
    """Writes a rollout with these waves. `waves` has the wave of each target by its id."""
    session = transaction.session
    users = select(col(User.id)).where(col(User.name) == origin.author)
    row = Rollout(
        organization_id=deployment.organization_id,
        deployment_id=deployment.id,
        generation=deployment.generation,
        plan_digest=plan_digest(deployment, rules, joining, waves),
        strategy=strategy,
        budget=Strategy.of_json(strategy).budget(len(joining)),
        phase=RolloutPhase.WAITING if waits else RolloutPhase.RUNNING,
        is_active=not waits,
        is_queued=waits,
        gates=stored_gates([Gate(GateKind.EARLIER_ROLLOUT, 0)], (), (), now()) if waits else [],
        author=origin.author,
        author_id=(await session.execute(users)).scalar_one_or_none() if origin.author else None,
        operation_id=origin.operation_id,
        supersedes_id=origin.supersedes.id if origin.supersedes else None,
        rollback_of_id=origin.rollback_of.id if origin.rollback_of else None,
    )
    session.add(row)
    await session.flush()
    await session.execute(
        added(RolloutWave), [{"rollout_id": row.id, "index": i, "rule": rule} for i, rule in enumerate(rules)]
    )
    if joining:
        await session.execute(
            added(RolloutTarget), [target_row(row.id, each, waves[each.target_id]) for each in joining]
        )
    word = "rollback" if origin.rollback_of else "rollout"
    transaction.record(
        RolloutEvent.STARTED,
        f"The {word} of {deployment.release_name} to {counted(len(joining), 'cluster')} in"
        f" {counted(len(rules), 'wave')} was created.",
        organization_id=row.organization_id,
        actor=origin.author,
        subject=row,
        deployment=deployment.release_name,
        generation=row.generation,
    )
    if not waits:
        await activate(transaction, row, origin.supersedes or origin.rollback_of)
    return row


def target_row(rollout_id: int, each: Joining, wave: int) -> dict[str, Any]:
    return {
        "rollout_id": rollout_id,
        "cluster_name": each.cluster_name,
        "target_id": each.target_id,
        "wave": wave,
        "generation": each.generation,
        "inputs": each.inputs,
        "results": each.results,
        "endpoints": each.endpoints,
        "desired_digest": each.desired_digest,
        "state": TargetState.BEHIND,
    }


def plan_digest(
    deployment: Deployment, rules: Iterable[dict[str, Any]], joining: Sequence[Joining], waves: Mapping[int, int]
) -> str:
    """A digest of what a rollout does, for changes that were made without a stored plan."""
    targets = {each.cluster_name: [waves[each.target_id], each.desired_digest.hex()] for each in joining}
    parts = [deployment.id, deployment.generation, list(rules), targets]
    return hashlib.sha256(canonical(parts)).hexdigest()


async def activate(transaction: Transaction, row: Rollout, before: Rollout | None) -> None:
    """Makes a rollout the one that decides on the deployment's targets. Targets that are in flight for the one before
    finish that move first. Those whose desired release does not change have arrived already."""
    session = transaction.session
    if before is not None:
        await session.execute(_TAKE_OVER, {"rollout": row.id, "before": before.id})
    ours = select(col(RolloutTarget.target_id)).where(col(RolloutTarget.rollout_id) == row.id)
    await lock_targets(session, col(Target.id).in_(ours))
    arrived = [target_id for (target_id,) in await session.execute(_ALLOW_EQUAL, {"rollout": row.id})]
    await drop_holds(transaction, arrived)
    await session.execute(_JOIN, {"rollout": row.id})
    await session.execute(
        update(RolloutTarget)
        .where(col(RolloutTarget.rollout_id) == row.id, col(RolloutTarget.target_id).in_(arrived))
        .values(state=TargetState.READY, ready_at=now())
        .execution_options(synchronize_session=False)
    )
    await judge_targets(transaction, target_ids=arrived)
    await wake_rollouts(transaction, [row.id])


async def end_rollout(transaction: Transaction, row: Rollout, phase: RolloutPhase, outcome: OperationState) -> None:
    """Ends a rollout: it no longer decides on its targets, and its checks are cancelled."""
    row.is_active = row.is_queued = False
    row.next_at, row.gates = None, []
    row.version += 1
    if row.ended_at is None or phase is RolloutPhase.ROLLED_BACK:
        row.phase = phase
        row.ended_at = row.ended_at or now()
        transaction.record(
            RolloutEvent.ENDED,
            f"The rollout of generation {row.generation} ended: {phase}.",
            organization_id=row.organization_id,
            subject=row,
            phase=phase,
        )
    await transaction.session.flush()
    await cancel_checks(transaction, row)
    await transaction.session.execute(
        update(Target)
        .where(col(Target.rollout_id) == row.id)
        .values(rollout_id=None)
        .execution_options(synchronize_session=False)
    )
    if row.operation_id is not None:
        await end_rollout_operation(transaction, row.operation_id, outcome)
