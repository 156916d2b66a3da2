"""Holds the moves of targets to another generation while their change windows are closed.

A held move keeps its open result. It has no lease and takes no slot: it is due again when its window opens, when a
window is changed, or a few minutes later, because the cluster or its group may match other windows by then.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import and_, select, update
from sqlmodel import col

from app.core.threads import in_thread
from app.core.transaction import Transaction
from app.rollouts import windows as pure
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationKind
from app.tables.rollouts import RolloutTarget
from app.tables.targets import Target
from app.tables.windows import ChangeWindow
from app.targets.judging import judge_targets
from app.targets.leases import FREE, Lease, fenced
from app.windows.applying import Windows, windows_of_targets

LOOK_AGAIN = timedelta(minutes=10)
MAY_BE_HELD = and_(
    select(col(ChangeWindow.id)).where(col(ChangeWindow.organization_id) == Deployment.organization_id).exists(),
    ~select(col(RolloutTarget.target_id))
    .where(col(Target.wanted), col(RolloutTarget.target_id) == Target.id)
    .where(col(RolloutTarget.rollout_id) == Target.rollout_id, col(RolloutTarget.moved_at).is_not(None))
    .correlate(Target)
    .exists(),
)
"""Whether windows can hold the move of a target: its organization has any, and no rollout has started the move. A
rollout asks the windows before that."""


def is_move(target: Target, generation: int) -> bool:
    """Whether the work on a target is to move it to another generation, or off its cluster, and has not begun."""
    if target.writes or (target.intent or {}).get("generation") == generation:
        return False
    return not target.wanted or target.generation != generation


def holding(operation: Operation | None, applying: Windows) -> Windows:
    """Of the windows that apply to a target, those that hold the moves of an operation. A deleted operation
    has no override."""
    if operation is None:
        return applying
    overridden = (operation.window_override or {}).get("windows", ())
    windows = pure.without(applying, overridden)
    return pure.for_rollback(windows) if operation.kind is OperationKind.ROLLBACK else windows


async def is_held(transaction: Transaction, lease: Lease, target: Target, operation: Operation) -> bool:
    """Whether the windows of a target hold a move. If they do, frees the lease, and writes why and until when the move
    waits."""
    moment = now()
    applying = await windows_of_targets(transaction.session, [target.id])
    closed = await in_thread(pure.opening, holding(operation, applying.get(target.id, ())), moment)
    if closed.is_open:
        return False
    soon = moment + LOOK_AGAIN
    until = closed.until.isoformat() if closed.until else None
    since = (target.window or {}).get("since", moment.isoformat())
    waits = {"reason": closed.reason, "until": until, "since": since}
    await fenced(transaction, lease, window=waits, retry_at=min(closed.until or soon, soon), **FREE)
    await judge_targets(transaction, target_ids=[target.id])
    return True


async def let_pass(transaction: Transaction, target_ids: Sequence[int]) -> None:
    """Writes that these targets, which the caller has locked, no longer wait for a window."""
    statement = (
        update(Target)
        .where(col(Target.id).in_(target_ids), col(Target.window).is_not(None))
        .values(window=None)
        .returning(col(Target.id))
        .execution_options(synchronize_session=False)
    )
    if waited := list((await transaction.session.execute(statement)).scalars()):
        await judge_targets(transaction, target_ids=waited)
