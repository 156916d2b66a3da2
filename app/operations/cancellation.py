"""Cancelling an operation: what has not begun ends at once, what runs is stopped by its worker."""

from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import col, or_

from app.core.errors import Conflict, NotFound
from app.core.services import Services
from app.core.transaction import Transaction
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.operations.codes import OperationCode, OperationEvent
from app.operations.progress import close_results
from app.releases.error_codes import ActionCode
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationResult
from app.tables.states import OPEN, OperationState
from app.tables.targets import Target
from app.targets.leases import UNHELD
from app.targets.trouble import TargetError

# A target that a worker holds, or on which Helm was begun and not seen to end, needs a look at its release first.
_NEEDS_WORKER = or_(~UNHELD, col(Target.intent).is_not(None))
_TARGETS = (
    select(col(Target.id), _NEEDS_WORKER)
    .join(OperationResult, col(OperationResult.target_id) == Target.id)
    .where(col(OperationResult.operation_id) == bindparam("operation"), col(OperationResult.state).in_(OPEN))
    .order_by(col(Target.id))
    .with_for_update(of=Target, key_share=True)
)


async def cancel_operation(services: Services, viewer: Viewer, operation_id: int) -> Operation:
    """Ends an operation before its time. Results that nobody works on are cancelled at once; a Helm that runs is ended
    by its worker, and its result with it. What is wanted stays as it is. To cancel again changes nothing.

    Raises:
        Conflict: where the operation has ended already.
    """
    async with services.transaction() as transaction:
        session = transaction.session
        operation = await session.get(Operation, operation_id)
        if operation is None or not viewer.sees(operation.organization_id):
            raise NotFound(OperationCode.OPERATION_NOT_FOUND, "There is no such operation.", ("id",))
        deployment = None
        if operation.deployment_id is not None:
            deployment = await session.get(Deployment, operation.deployment_id, with_for_update={"key_share": True})
        group_id = deployment.group_id if deployment else None
        viewer.require(operation.organization_id, Permission.DEPLOYMENTS_WRITE, group_id=group_id)
        targets: dict[int, bool] = dict((await session.execute(_TARGETS, {"operation": operation_id})).all())
        await session.refresh(operation, with_for_update={"key_share": True})
        if not operation.state.is_open:
            raise Conflict(
                OperationCode.OPERATION_ENDED, f"The operation has already ended: {operation.state}.", ("id",)
            )
        if operation.cancelled_at is not None:
            return operation
        operation.cancelled_at, operation.cancelled_by = now(), viewer.name
        await session.flush()
        name = f" of {deployment.release_name}" if deployment else ""
        transaction.record(
            OperationEvent.CANCELLED,
            f"{operation.kind.capitalize()}{name} was cancelled.",
            organization_id=operation.organization_id,
            actor=viewer.name,
            subject=operation,
        )
        idle = [target_id for target_id, needs_worker in targets.items() if not needs_worker]
        await end_cancelled(transaction, operation, idle, "It had not begun.")
        await _hand_over(transaction, targets.keys() - set(idle))
        await session.refresh(operation)
        return operation


async def end_cancelled(
    transaction: Transaction, operation: Operation, target_ids: list[int], words: str, **more: Any
) -> None:
    """Ends the results of a cancelled operation on these targets. Drift is not corrected there until what is wanted or
    what is there has changed. The caller has locked the targets."""
    if not target_ids:
        return
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
    """Has the workers that are at these targets stop there; where none is, one looks at once."""
    await transaction.session.execute(
        update(Target)
        .where(col(Target.id).in_(target_ids))
        .values(retry_at=None)
        .execution_options(synchronize_session=False)
    )
    transaction.stop_work()
    transaction.wake(sorted(target_ids))
