"""Cancels an operation: results that have not begun end at once, running ones are stopped by their workers."""

from typing import Any

from sqlalchemy import update
from sqlmodel import col, or_

from app.core.errors import Conflict
from app.core.services import Services
from app.core.transaction import Transaction
from app.identity.viewer import Viewer
from app.jobs.rollouts import wake_rollout_of
from app.operations.changing import opened_operation
from app.operations.codes import OperationCode, OperationEvent
from app.operations.ordering import stop_waiting
from app.operations.progress import close_results
from app.operations.windows import let_pass
from app.releases.error_codes import ActionCode
from app.tables.columns import now
from app.tables.operations import Operation
from app.tables.states import OperationState
from app.tables.targets import Target
from app.targets.leases import UNHELD
from app.targets.trouble import TargetError

# If a worker holds the target, or the end of a Helm run was not seen, a worker has to look at the release first.
_NEEDS_WORKER = or_(~UNHELD, col(Target.intent).is_not(None))


async def cancel_operation(services: Services, viewer: Viewer, operation_id: int) -> Operation:
    """Cancels an operation. Results without a worker are cancelled at once; a worker ends its Helm run and then its
    result. The wanted state of the deployment does not change. Cancelling again has no effect.

    Raises:
        NotFound: if the viewer sees no such operation.
        Conflict: if the operation has already ended.
    """
    async with services.transaction() as transaction:
        session = transaction.session
        opened = await opened_operation(transaction, viewer, operation_id, col(Target.id), _NEEDS_WORKER)
        operation, targets = opened.operation, dict[int, bool](opened.targets)
        if not operation.state.is_open:
            raise Conflict(
                OperationCode.OPERATION_ENDED, f"The operation has already ended: {operation.state}.", ("id",)
            )
        if operation.cancelled_at is not None:
            return operation
        operation.cancelled_at, operation.cancelled_by = now(), viewer.name
        await session.flush()
        transaction.record(
            OperationEvent.CANCELLED,
            f"{operation.kind.noun}{opened.of_deployment} was cancelled.",
            organization_id=operation.organization_id,
            actor=viewer.name,
            subject=operation,
        )
        idle = [target_id for target_id, needs_worker in targets.items() if not needs_worker]
        await end_cancelled(transaction, operation, idle, "It had not started.")
        if operation.has_rollout:
            await wake_rollout_of(transaction, operation_id)
        await _hand_over(transaction, targets.keys() - set(idle))
        await session.refresh(operation)
        return operation


async def end_cancelled(
    transaction: Transaction, operation: Operation, target_ids: list[int], words: str, **more: Any
) -> None:
    """Ends the results of a cancelled operation on these targets. Drift on them is not corrected until the wanted state
    or the release has changed. The caller has locked the targets."""
    if not target_ids:
        return
    await let_pass(transaction, target_ids)
    await stop_waiting(transaction, target_ids)
    error = TargetError(ActionCode.CANCELLED, f"Cancelled by {operation.cancelled_by}. {words}", attempts=0).stored
    await transaction.session.execute(
        update(Target)
        .where(col(Target.id).in_(target_ids))
        .values(error=error, retry_at=None, held_digest=Target.judged_digest)
        .execution_options(synchronize_session=False)
    )
    state = OperationState.CANCELLED
    await close_results(transaction, target_ids, state, error=error, operation_id=operation.id, **more)


async def _hand_over(transaction: Transaction, target_ids: set[int]) -> None:
    """Notifies workers to stop their work on these targets; targets without a worker are woken."""
    await transaction.session.execute(
        update(Target)
        .where(col(Target.id).in_(target_ids))
        .values(retry_at=None)
        .execution_options(synchronize_session=False)
    )
    transaction.stop_work()
    transaction.wake(sorted(target_ids))
