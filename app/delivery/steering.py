"""Steers rollouts: pauses, resumes, aborts and expedites them, defers and retries their targets, and lifts holds."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from app.core.errors import Conflict, NotFound, all_invalid
from app.core.names import text_problem
from app.core.services import Services
from app.core.transaction import Transaction
from app.delivery.checking import check_names, start_run
from app.delivery.codes import RolloutCode, RolloutEvent
from app.delivery.reverting import roll_back
from app.delivery.starting import end_rollout, open_rollouts
from app.delivery.stored import columns_of, load, member_of
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.jobs.rollouts import wake_rollouts
from app.rollouts import members
from app.rollouts.members import Member
from app.rollouts.states import ACTIVE, OPEN, CheckVerdict, RolloutPhase
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.rollouts import Rollout, RolloutTarget, RolloutWave
from app.tables.states import OperationState
from app.tables.targets import Target


class Abort(StrEnum):
    """What happens to targets that have moved."""

    LEAVE = "LEAVE"
    ROLL_BACK = "ROLL_BACK"


@dataclass
class Steered:
    """A rollout that a user steers, locked with its deployment until the transaction ends."""

    transaction: Transaction
    viewer: Viewer
    row: Rollout
    deployment: Deployment

    def check(self, phases: Collection[RolloutPhase]) -> None:
        """Raises Conflict unless the rollout is in one of these phases, and decides on the deployment's targets, or has
        the present generation."""
        is_replaced = not self.row.is_active and self.row.generation != self.deployment.generation
        if self.row.phase not in phases or is_replaced:
            message = f"The rollout is {self.row.phase}, so this is not possible."
            raise Conflict(RolloutCode.ROLLOUT_STATE, message, ("id",))

    def record(self, kind: RolloutEvent, message: str, **data: Any) -> None:
        self.transaction.record(
            kind,
            message,
            organization_id=self.row.organization_id,
            actor=self.viewer.name,
            subject=self.row,
            deployment=self.deployment.release_name,
            generation=self.row.generation,
            **data,
        )

    @property
    def name(self) -> str:
        return f"the rollout of {self.deployment.release_name}"


@asynccontextmanager
async def steering(
    services: Services, viewer: Viewer, rollout_id: int, permission: Permission
) -> AsyncIterator[Steered]:
    """Locks a rollout, and advances it after the commit.

    Raises:
        NotFound: the viewer sees no rollout with this id.
        Forbidden: the viewer lacks the permission.
    """
    async with services.transaction() as transaction:
        session = transaction.session
        found = await session.get(Rollout, rollout_id)
        if found is None or not viewer.sees(found.organization_id):
            raise NotFound(RolloutCode.ROLLOUT_NOT_FOUND, "There is no such rollout.", ("id",))
        deployment = await session.get_one(Deployment, found.deployment_id, with_for_update={"key_share": True})
        viewer.require(found.organization_id, permission, group_id=deployment.group_id)
        row = await session.get_one(Rollout, rollout_id, with_for_update={"key_share": True}, populate_existing=True)
        yield Steered(transaction, viewer, row, deployment)
        row.version += 1
        await session.flush()
        await wake_rollouts(transaction, [row.id])


async def pause_rollout(services: Services, viewer: Viewer, rollout_id: int) -> Rollout:
    """Moves no more targets until the rollout is resumed. Those in flight continue."""
    async with steering(services, viewer, rollout_id, Permission.ROLLOUTS_STEER) as steered:
        if steered.row.phase is not RolloutPhase.PAUSED:
            steered.check(ACTIVE)
            steered.row.phase = RolloutPhase.PAUSED
            steered.record(RolloutEvent.PAUSED, f"{viewer.name} paused {steered.name}.")
        return steered.row


async def resume_rollout(services: Services, viewer: Viewer, rollout_id: int) -> Rollout:
    async with steering(services, viewer, rollout_id, Permission.ROLLOUTS_STEER) as steered:
        if steered.row.phase not in ACTIVE:
            steered.check((RolloutPhase.PAUSED,))
            steered.row.phase = RolloutPhase.RUNNING
            steered.record(RolloutEvent.RESUMED, f"{viewer.name} resumed {steered.name}.")
        return steered.row


async def abort_rollout(services: Services, viewer: Viewer, rollout_id: int, targets: Abort) -> Rollout:
    """Ends a rollout. Targets that have moved stay, or return to their last verified generation by another rollout."""
    async with steering(services, viewer, rollout_id, Permission.ROLLOUTS_STEER) as steered:
        row = steered.row
        if row.is_queued:
            steered.check(OPEN)
        elif targets is Abort.LEAVE:
            if row.phase is RolloutPhase.ABORTED:
                return row
            steered.check(OPEN)
        else:
            steered.check((*OPEN, RolloutPhase.FAILED, RolloutPhase.ABORTED))
        steered.record(RolloutEvent.ABORTED, f"{viewer.name} aborted {steered.name}.", targets=targets)
        if targets is Abort.ROLL_BACK:
            await _revert(steered)
        elif row.is_queued:
            await end_rollout(steered.transaction, row, RolloutPhase.ABORTED, OperationState.CANCELLED)
        else:
            row.phase, row.ended_at, row.gates = RolloutPhase.ABORTED, now(), []
        return row


async def _revert(steered: Steered) -> None:
    transaction, row = steered.transaction, steered.row
    if row.rollback_of_id is not None:
        raise Conflict(RolloutCode.ROLLOUT_STATE, "A rollback cannot be rolled back.", ("id",))
    loaded = await load(transaction.session, row, now())
    reason = f"{steered.viewer.name} rolled it back."
    if await roll_back(transaction, loaded, loaded.state, reason, author=steered.viewer.name) is None:
        message = "No target that has moved has a verified generation to return to."
        raise Conflict(RolloutCode.ROLLOUT_STATE, message, ("id",))


async def expedite_rollout(services: Services, viewer: Viewer, rollout_id: int, reason: str) -> Rollout:
    """Skips the soak times and approvals of a rollout; not its checks, its budget or change windows."""
    if (problem := text_problem(reason, "reason", what="A reason", longest=500)) or not reason.strip():
        raise all_invalid([problem] if problem else [])
    async with steering(services, viewer, rollout_id, Permission.ROLLOUTS_EXPEDITE) as steered:
        steered.check(OPEN)
        steered.row.is_expedited, steered.row.expedite_reason = True, reason
        steered.record(RolloutEvent.EXPEDITED, f"{viewer.name} expedited {steered.name}: {reason}", reason=reason)
        return steered.row


async def defer_target(services: Services, viewer: Viewer, rollout_id: int, cluster: str) -> Rollout:
    """Puts off a target that has not moved, until it is retried."""
    async with steering(services, viewer, rollout_id, Permission.ROLLOUTS_STEER) as steered:
        steered.check(OPEN)
        found = await _target(steered, cluster)
        await _write(steered, found, members.deferred(member_of(found)))
        steered.record(RolloutEvent.DEFERRED, f"{viewer.name} put off {cluster} in {steered.name}.", cluster=cluster)
        return steered.row


async def retry_target(services: Services, viewer: Viewer, rollout_id: int, cluster: str) -> Rollout:
    """Moves a target again that has failed, or was put off. A rollout that has failed continues."""
    async with steering(services, viewer, rollout_id, Permission.ROLLOUTS_STEER) as steered:
        steered.check((*OPEN, RolloutPhase.FAILED, RolloutPhase.SUCCEEDED))
        row = steered.row
        found = await _target(steered, cluster)
        await _write(steered, found, members.retried(member_of(found)))
        if row.phase is RolloutPhase.FAILED:
            row.phase, row.ending, row.ended_at = RolloutPhase.RUNNING, None, None
        if not row.is_active:
            await _reactivate(steered)
        steered.record(RolloutEvent.RETRIED, f"{viewer.name} retries {cluster} in {steered.name}.", cluster=cluster)
        return row


async def retry_check(services: Services, viewer: Viewer, rollout_id: int, index: int, name: str) -> Rollout:
    """Runs a check again that has ended without passing. A rollout that has failed because of it continues."""
    async with steering(services, viewer, rollout_id, Permission.ROLLOUTS_STEER) as steered:
        steered.check((*OPEN, RolloutPhase.FAILED))
        row, session = steered.row, steered.transaction.session
        wave = await session.get(RolloutWave, (row.id, index))
        if wave is None:
            raise NotFound(RolloutCode.WAVE_NOT_FOUND, f"The rollout has no wave {index}.", ("wave",))
        if name not in check_names(wave):
            message = f"The wave {wave.rule['name']} has no check {name!r}."
            raise NotFound(RolloutCode.CHECK_NOT_FOUND, message, ("check",))
        run = (await load(session, row, now())).checks.get((index, name))
        if run is None or run.verdict in (CheckVerdict.RUNNING, CheckVerdict.PASSED):
            state = "has not begun" if run is None else "runs" if run.verdict is CheckVerdict.RUNNING else "has passed"
            raise Conflict(RolloutCode.CHECK_STATE, f"The check {name} {state}.", ("check",))
        await start_run(steered.transaction, row, wave, name)
        if row.phase is RolloutPhase.FAILED:
            row.phase, row.ending, row.ended_at = RolloutPhase.RUNNING, None, None
        if not row.is_active:
            await _reactivate(steered)
        message = f"{viewer.name} runs the check {name} of {steered.name} again."
        steered.record(RolloutEvent.CHECK_RETRIED, message, wave=wave.rule["name"], check=name)
        return row


async def _reactivate(steered: Steered) -> None:
    session, row = steered.transaction.session, steered.row
    if await open_rollouts(steered.transaction, row.deployment_id):
        raise Conflict(RolloutCode.ROLLOUT_STATE, "Another rollout of the deployment is in progress.", ("id",))
    row.is_active = True
    await session.flush()
    ours = RolloutTarget.__table__.c  # type: ignore[attr-defined]
    await session.execute(
        update(Target)
        .where(col(Target.id) == ours.target_id, ours.rollout_id == row.id)
        .values(rollout_id=row.id)
        .execution_options(synchronize_session=False)
    )


async def _target(steered: Steered, cluster: str) -> RolloutTarget:
    found = await steered.transaction.session.get(RolloutTarget, (steered.row.id, cluster))
    if found is None:
        raise NotFound(RolloutCode.ROLLOUT_TARGET, f"The rollout has no target {cluster!r}.", ("cluster",))
    return found


async def _write(steered: Steered, found: RolloutTarget, member: Member) -> None:
    if member == member_of(found):
        message = f"The target is {found.state}, so this is not possible."
        raise Conflict(RolloutCode.ROLLOUT_STATE, message, ("cluster",))
    for name, value in columns_of(member).items():
        setattr(found, name, value)
    await steered.transaction.session.flush()
