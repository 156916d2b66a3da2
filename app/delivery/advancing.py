"""Advances a rollout: computes which targets move and what the rollout waits for, and writes it.

An advance is written only if the rollout is still the one that it was computed from. If the worker dies before the
commit, nothing has happened; the next one is computed from what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text, update
from sqlmodel import col

from app.core.services import Services
from app.core.transaction import Transaction
from app.delivery import metrics
from app.delivery.checking import follow_checks
from app.delivery.codes import RolloutEvent
from app.delivery.gates import stored_gates
from app.delivery.reverting import roll_back
from app.delivery.starting import ALLOW, activate, end_rollout, open_rollouts
from app.delivery.stored import Loaded, columns_of, load
from app.delivery.target_holds import drop_holds
from app.delivery.timing import next_look, wake_at
from app.delivery.verified import verify_found, verify_ready
from app.jobs.rollouts import AdvanceRollout
from app.operations.progress import end_rollout_operation, expect_versions, extend_operation, start_operation
from app.rollouts.members import Member
from app.rollouts.progress import Advance, RolloutState, advance
from app.rollouts.rollback import is_automatic
from app.rollouts.states import ENDED, IN_FLIGHT, OPEN, CheckVerdict, Ending, RolloutPhase, TargetState, WaveState
from app.rollouts.strategy import Strategy
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.operations import OperationKind
from app.tables.rollouts import Rollout, RolloutTarget, RolloutWave
from app.tables.states import OperationState
from app.tables.targets import Target
from app.targets.judging import judge_targets
from app.targets.locking import lock_targets

_LOCK_UNCHANGED = (
    update(Rollout)
    .where(col(Rollout.id) == bindparam("rollout"), col(Rollout.version) == bindparam("known"))
    .values(version=Rollout.version + 1)
    .returning(col(Rollout.id))
    .execution_options(synchronize_session=False)
)
_ALLOW = text(f"""
    {ALLOW}, rollout_id = r.rollout_id
    FROM rollout_target r
    WHERE r.rollout_id = :rollout AND r.target_id = t.id AND t.id = ANY(:targets) AND t.wanted
    RETURNING t.id
""")
_WITHOUT_MOVE = (TargetState.DEFERRED, TargetState.INCONCLUSIVE, TargetState.BEHIND)
_OUTCOMES = {RolloutPhase.SUCCEEDED: OperationState.SUCCEEDED, RolloutPhase.FAILED: OperationState.FAILED}


async def advance_rollout(services: Services, job: AdvanceRollout) -> None:
    """Writes what happens next, if the rollout decides on its deployment's targets."""
    async with services.transaction() as transaction:
        session = transaction.session
        row = await session.get(Rollout, job.rollout_id)
        if row is None or not row.is_active:
            return
        loaded = await load(session, row, now())
        before = loaded.state
        if loaded.is_cancelled and before.phase in OPEN:
            before = replace(before, phase=RolloutPhase.ABORTED)
        advanced = advance(before, loaded.known)
        if not await lock_unchanged(transaction, row):
            return  # another transaction has changed it, and has requested an advance of its own
        await _write(transaction, loaded, advanced)


async def lock_unchanged(transaction: Transaction, row: Rollout) -> bool:
    """Locks a rollout, unless it has changed since it was read."""
    given = {"rollout": row.id, "known": row.version}
    return (await transaction.session.execute(_LOCK_UNCHANGED, given)).first() is not None


async def _write(transaction: Transaction, loaded: Loaded, advanced: Advance) -> None:
    row, before, after = loaded.row, loaded.state, advanced.rollout
    moment = loaded.known.now
    changed = {id_: member for id_, member in after.members.items() if member != before.members[id_]}
    await _write_members(transaction, row, changed, loaded, moment)
    await _write_waves(transaction, loaded.waves, after, moment)
    if advanced.moves:
        await _move(transaction, loaded, advanced.moves, after.members)
    await follow_checks(transaction, loaded, advanced)
    gates = stored_gates(advanced.waiting_for, loaded.waves, row.gates, moment)
    has_changed = bool(changed) or (after.phase, gates) != (row.phase, row.gates)
    metrics.note_gates(row.gates, gates, moment)
    was_ended = row.phase in ENDED
    row.phase, row.ending, row.gates, row.next_at = after.phase, after.ending, gates, next_look(advanced, moment)
    newly_ready = any(member.state is TargetState.READY for member in changed.values())
    if after.phase is RolloutPhase.SUCCEEDED and (newly_ready or not was_ended):
        await transaction.session.flush()
        await verify_ready(transaction, row.id)
    if row.next_at is not None:
        wake_at(transaction, row, row.next_at)
    if has_changed:
        _record(transaction, row, after, has_ended=after.phase in ENDED and not was_ended)
    if after.phase in ENDED:
        if not was_ended:
            row.ended_at = moment
            metrics.note_end(row)
        await _end(transaction, loaded, after)


async def _write_members(
    transaction: Transaction, row: Rollout, changed: Mapping[int, Member], loaded: Loaded, moment: datetime
) -> None:
    if not changed:
        return
    rows = []
    for target_id, member in changed.items():
        stored = loaded.targets[target_id]
        is_ready = member.state is TargetState.READY
        ready_at = (stored.ready_at or moment) if is_ready else None
        key = {"rollout_id": row.id, "cluster_name": stored.cluster_name}
        rows.append(key | columns_of(member) | {"ready_at": ready_at})
    by_key = update(RolloutTarget).execution_options(synchronize_session=None)
    await transaction.session.execute(by_key, rows)
    if row.rollback_of_id is not None:
        ready = [id_ for id_, member in changed.items() if member.state is TargetState.READY]
        await transaction.session.execute(
            update(RolloutTarget)
            .where(col(RolloutTarget.rollout_id) == row.rollback_of_id, col(RolloutTarget.target_id).in_(ready))
            .values(state=TargetState.REVERTED)
            .execution_options(synchronize_session=False)
        )


async def _write_waves(
    transaction: Transaction, waves: Sequence[RolloutWave], after: RolloutState, moment: datetime
) -> None:
    for stored, wave in zip(waves, after.waves, strict=True):  # the session writes those that have changed
        if wave.state is stored.state and wave.settled_at == stored.settled_at:
            continue
        stored.settled_at = wave.settled_at
        if stored.state is WaveState.PENDING:
            stored.started_at = moment
        if wave.state is WaveState.PASSED:
            stored.passed_at = moment
        stored.state = wave.state
    await transaction.session.flush()


async def _move(transaction: Transaction, loaded: Loaded, moves: Sequence[int], members: Mapping[int, Member]) -> None:
    """Lets targets have the generation, and opens their results."""
    session, row = transaction.session, loaded.row
    await lock_targets(session, col(Target.id).in_(moves))
    await verify_found(transaction, [id_ for id_ in moves if loaded.known.seen[id_].is_available])
    allowed = await session.execute(_ALLOW, {"rollout": row.id, "targets": list(moves)})
    names = {target_id: loaded.targets[target_id].cluster_name for (target_id,) in allowed}
    await drop_holds(transaction, names)
    operation = loaded.operation
    extends = operation is not None and operation.has_rollout and operation.cancelled_at is None
    first = {id_: name for id_, name in names.items() if extends and members[id_].attempt == 1}
    again = {id_: name for id_, name in names.items() if id_ not in first}
    deployment = await session.get_one(Deployment, row.deployment_id)
    if first:
        assert operation is not None
        await extend_operation(transaction, deployment, operation.id, first)
        await _note_operation(transaction, row, operation.id, first)
        versions = {name: loaded.targets[id_].planned_version for id_, name in first.items()}
        await expect_versions(transaction, operation.id, {name: v for name, v in versions.items() if v is not None})
    if again:
        started = await start_operation(*(transaction, deployment, OperationKind.RECONCILE, again), author=row.author)
        await _note_operation(transaction, row, started.id, again)
    await judge_targets(transaction, target_ids=names)


async def _note_operation(
    transaction: Transaction, row: Rollout, operation_id: int, targets: Mapping[int, str]
) -> None:
    await transaction.session.execute(
        update(RolloutTarget)
        .where(col(RolloutTarget.rollout_id) == row.id, col(RolloutTarget.target_id).in_(list(targets)))
        .values(operation_id=operation_id)
        .execution_options(synchronize_session=False)
    )


def _record(transaction: Transaction, row: Rollout, after: RolloutState, *, has_ended: bool) -> None:
    counts: dict[str, Any] = {}
    for member in after.members.values():
        counts[member.state.value] = counts.get(member.state.value, 0) + 1
    kind = RolloutEvent.ENDED if has_ended else RolloutEvent.PROGRESSED
    ready = counts.get(TargetState.READY.value, 0)
    why = f" ({row.ending})" if row.ending is not None else ""
    transaction.record(
        kind,
        f"The rollout of generation {row.generation} is {row.phase}{why}: {ready} of {len(after.members)} ready.",
        organization_id=row.organization_id,
        actor=row.author,
        subject=row,
        phase=row.phase,
        counts=counts,
    )


async def _end(transaction: Transaction, loaded: Loaded, after: RolloutState) -> None:
    """Ends what belongs to a rollout that has ended, once no target is in flight."""
    session, row = transaction.session, loaded.row
    others = [each for each in await open_rollouts(transaction, row.deployment_id) if each.id != row.id]
    if _rolls_back(loaded, after) and not others:
        reason = f"Its rollout failed: {row.ending}."
        if await roll_back(transaction, loaded, after, reason, author=None) is not None:
            return
    if any(member.state in IN_FLIGHT for member in after.members.values()):
        return
    outcome = _OUTCOMES.get(after.phase, OperationState.CANCELLED)
    if loaded.operation is not None and loaded.operation.has_rollout:
        await session.flush()
        await end_rollout_operation(transaction, loaded.operation.id, outcome)
    waits = after.phase is RolloutPhase.SUCCEEDED and any(m.state in _WITHOUT_MOVE for m in after.members.values())
    if others or not waits:
        await end_rollout(transaction, row, after.phase, outcome)
    if others:
        *older, newest = others
        for each in older:
            await end_rollout(transaction, each, RolloutPhase.SUPERSEDED, OperationState.SUPERSEDED)
        newest.is_queued, newest.is_active = False, True
        newest.phase = RolloutPhase.RUNNING
        newest.version += 1
        await session.flush()
        await activate(transaction, newest, row)


def _rolls_back(loaded: Loaded, after: RolloutState) -> bool:
    row = loaded.row
    if after.phase is not RolloutPhase.FAILED or row.ending not in Strategy.of_json(row.strategy).rolls_back_on:
        return False
    failed_at = _failed_at(loaded, after)
    is_rollback = row.rollback_of_id is not None
    return failed_at is not None and is_automatic(failed_at=failed_at, now=loaded.known.now, is_rollback=is_rollback)


def _failed_at(loaded: Loaded, after: RolloutState) -> datetime | None:
    """When that happened because of which the rollout failed."""
    if after.ending is Ending.CHECK_FAILED:
        moments = [run.ended_at for run in loaded.checks.values() if run.verdict is CheckVerdict.FAILED]
    else:
        failed = [id_ for id_, member in after.members.items() if member.state is TargetState.FAILED]
        moments = [loaded.known.seen[id_].observed_at for id_ in failed]
    return max((moment for moment in moments if moment is not None), default=None)
