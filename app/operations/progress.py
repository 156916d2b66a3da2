"""Starts and ends operations. Each open result is work to be done on one target."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, String, bindparam, delete, func, insert, update
from sqlmodel import col, select

from app.core.names import counted
from app.core.transaction import Transaction
from app.jobs.rollouts import wake_rollouts
from app.operations.codes import OperationEvent
from app.operations.ordering import order
from app.releases.step import ReleaseAction
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationKind, OperationResult
from app.tables.states import OPEN, OperationState, before, state_of
from app.tables.targets import Target
from app.targets.locking import lock_targets
from app.targets.waits import review_waiting

_ROLLOUT = (
    select(col(Target.rollout_id)).where(col(Target.id) == OperationResult.target_id).correlate(OperationResult)
).scalar_subquery()
# Built once: building a statement costs as much as running it.
_CLOSE = (
    update(OperationResult)
    .where(
        col(OperationResult.target_id).in_(bindparam("targets", expanding=True)),
        col(OperationResult.state).in_(bindparam("before", expanding=True)),
        col(OperationResult.operation_id)
        == func.coalesce(bindparam("operation", type_=BigInteger), OperationResult.operation_id),
    )
    .values(
        state=bindparam("new_state"),
        action=func.coalesce(
            func.nullif(bindparam("new_action", type_=String), ReleaseAction.NONE), OperationResult.action
        ),
        error=bindparam("new_error"),
        output=bindparam("new_output"),
        finished_at=bindparam("moment"),
    )
    .returning(col(OperationResult.operation_id), _ROLLOUT)
    .execution_options(synchronize_session=False)
)
_BEGIN = (
    update(OperationResult)
    .where(col(OperationResult.operation_id) == bindparam("operation"))
    .where(col(OperationResult.target_id) == bindparam("target"), col(OperationResult.state) == OperationState.PENDING)
    .values(state=OperationState.RUNNING, started_at=bindparam("moment"))
    .execution_options(synchronize_session=False)
)
_ACTION = (
    update(OperationResult)
    .where(col(OperationResult.operation_id) == bindparam("operation"))
    .where(col(OperationResult.target_id) == bindparam("target"), col(OperationResult.state) == OperationState.RUNNING)
    .values(action=bindparam("doing"))
    .execution_options(synchronize_session=False)
)
_ENDED = {
    OperationState.SUCCEEDED: "succeeded",
    OperationState.FAILED: "failed",
    OperationState.SUPERSEDED: "was superseded by a newer operation",
    OperationState.CANCELLED: "was cancelled",
}
_COUNTS = (
    select(OperationResult.state, func.count())
    .where(col(OperationResult.operation_id) == bindparam("operation"))
    .group_by(col(OperationResult.state))
)


async def start_operation(
    transaction: Transaction,
    deployment: Deployment,
    kind: OperationKind,
    targets: Mapping[int, str],
    *,
    author: str | None,
    skip_hooks: bool = False,
    force: bool = False,
    allow_crd_version_removal: Sequence[str] = (),
    kubernetes_version: str | None = None,
    has_rollout: bool = False,
) -> Operation:
    """Opens an operation on targets (the cluster's name by the target's id), supersedes results that are open on them,
    and wakes workers after the commit. Without targets, the operation succeeds at once.

    With `skip_hooks`, hooks of the chart are not run; with `force`, releases that cannot be removed are left behind.
    `allow_crd_version_removal` names CustomResourceDefinitions from which versions in use may be removed;
    `kubernetes_version` is the version for which an API migration writes records. An operation that `has_rollout` stays
    open until `end_rollout_operation`."""
    session = transaction.session
    operation = Operation(
        organization_id=deployment.organization_id,
        deployment_id=deployment.id,
        kind=kind,
        generation=deployment.generation,
        author=author,
        skip_hooks=skip_hooks,
        force=force,
        allow_crd_version_removal=list(allow_crd_version_removal),
        kubernetes_version=kubernetes_version,
        has_rollout=has_rollout,
    )
    session.add(operation)
    await session.flush()
    await _supersede(transaction, targets)
    where = "in waves" if has_rollout else f"on {counted(len(targets), 'cluster')}"
    consent: dict[str, Any] = {"allow_crd_version_removal": operation.allow_crd_version_removal}
    consent = consent if allow_crd_version_removal else {}
    transaction.record(
        OperationEvent.STARTED,
        f"{kind.noun} of {deployment.release_name} {where} started.",
        organization_id=deployment.organization_id,
        actor=author,
        subject=operation,
        deployment=deployment.release_name,
        generation=deployment.generation,
        **consent,
    )
    if not targets:
        await _end_if_done(transaction, operation.id)
        return operation
    await _open_results(transaction, deployment, operation.id, targets)
    return operation


async def extend_operation(
    transaction: Transaction, deployment: Deployment, operation_id: int, targets: Mapping[int, str]
) -> None:
    """Adds an open result to an operation for each of these targets, none of which has one there, supersedes results
    that are open on them, and wakes workers after the commit."""
    await _supersede(transaction, targets)
    await _open_results(transaction, deployment, operation_id, targets)


async def _supersede(transaction: Transaction, targets: Mapping[int, str]) -> None:
    # Locks are always taken in this order, to prevent deadlocks: cluster, deployment, rollout, target, operation.
    await lock_targets(transaction.session, col(Target.id).in_(list(targets)))
    await close_results(transaction, targets, OperationState.SUPERSEDED)


async def _open_results(
    transaction: Transaction, deployment: Deployment, operation_id: int, targets: Mapping[int, str]
) -> None:
    session = transaction.session
    await session.execute(
        insert(OperationResult),
        [
            {"operation_id": operation_id, "cluster_name": name, "target_id": target_id}
            for target_id, name in targets.items()
        ],
    )
    await session.execute(
        update(Target)
        .where(col(Target.id).in_(list(targets)))
        .values(attempts=0, writes=0, retry_at=None, held_digest=None)
    )
    await order(transaction, deployment)
    transaction.wake(targets)
    transaction.stop_work()


async def end_rollout_operation(transaction: Transaction, operation_id: int, outcome: OperationState) -> None:
    """Ends the operation of a rollout once its open results have ended. If the rollout did not succeed, neither did
    the operation."""
    await transaction.session.execute(
        update(Operation).where(col(Operation.id) == operation_id).values(has_rollout=False)
    )
    await _end_if_done(transaction, operation_id, outcome)


async def expect_versions(transaction: Transaction, operation_id: int, versions: Mapping[str, str]) -> None:
    """Writes to results, by the cluster's name, the version of the release's record that the plan was made against."""
    if versions:
        rows = [
            {"operation_id": operation_id, "cluster_name": name, "planned_version": version}
            for name, version in versions.items()
        ]
        await transaction.session.flush()
        # With a condition, SQLAlchemy does not treat it as an error that a rollout has not opened a result yet.
        by_key = update(OperationResult).where(col(OperationResult.operation_id).is_not(None))
        await transaction.session.execute(by_key.execution_options(synchronize_session=None), rows)


async def close_results(
    transaction: Transaction,
    target_ids: Iterable[int],
    state: OperationState,
    *,
    action: ReleaseAction | None = None,
    error: dict[str, Any] | None = None,
    output: str | None = None,
    operation_id: int | None = None,
) -> None:
    """Ends the open results of these targets (only those of one operation, if it is given), and operations that have no
    open result left. All results end here."""
    parameters: dict[str, Any] = {"new_state": state, "new_error": error, "new_output": output, "moment": now()}
    parameters["before"] = before(state)
    parameters |= {"targets": list(target_ids), "new_action": action, "operation": operation_id}
    rows = (await transaction.session.execute(_CLOSE, parameters)).all()
    for operation in sorted({row[0] for row in rows}):
        await _end_if_done(transaction, operation)
    await wake_rollouts(transaction, {row[1] for row in rows})


async def remove_targets(
    transaction: Transaction,
    target_ids: Sequence[int],
    state: OperationState,
    *,
    action: ReleaseAction | None = None,
    unwanted: bool = False,
) -> None:
    """Removes targets, with `unwanted` only those that are still unwanted, and ends their open results. The caller has
    locked their deployment, so that no new operation starts on them."""
    chosen = select(col(Target.id)).where(col(Target.id).in_(target_ids))
    if unwanted:
        chosen = chosen.where(col(Target.wanted).is_(False))
    session = transaction.session
    ids = list((await session.exec(chosen.order_by(col(Target.id)).with_for_update(key_share=True))).all())
    if ids:
        clusters = (await session.exec(select(Target.cluster_id).where(col(Target.id).in_(ids)))).all()
        await review_waiting(transaction, set(clusters))
        await close_results(transaction, ids, state, action=action)
        await session.execute(delete(Target).where(col(Target.id).in_(ids)))


async def begin_result(transaction: Transaction, operation: Operation, target_id: int) -> None:
    """Marks a result and its operation as running."""
    session = transaction.session
    await session.execute(_BEGIN, {"operation": operation.id, "target": target_id, "moment": now()})
    if operation.state is OperationState.PENDING:
        await session.execute(
            update(Operation)
            .where(col(Operation.id) == operation.id, col(Operation.state) == OperationState.PENDING)
            .values(state=OperationState.RUNNING)
            .execution_options(synchronize_session=False)
        )


async def note_action(transaction: Transaction, operation_id: int, target_id: int, action: ReleaseAction) -> None:
    """Writes the action that Helm is run for to the running result."""
    await transaction.session.execute(_ACTION, {"operation": operation_id, "target": target_id, "doing": action})


async def note_trouble(transaction: Transaction, operation_id: int, target_id: int, error: dict[str, Any]) -> None:
    """Writes a temporary error to the result, which stays open."""
    await transaction.session.execute(
        update(OperationResult)
        .where(col(OperationResult.operation_id) == operation_id, col(OperationResult.target_id) == target_id)
        .where(col(OperationResult.state).in_(OPEN))
        .values(error=error)
    )


async def explain_superseded(
    transaction: Transaction, operation_id: int, target_id: int, action: ReleaseAction, error: dict[str, Any]
) -> None:
    """Writes to a superseded result at which point its work was stopped."""
    await transaction.session.execute(
        update(OperationResult)
        .where(col(OperationResult.operation_id) == operation_id, col(OperationResult.target_id) == target_id)
        .where(col(OperationResult.state) == OperationState.SUPERSEDED)
        .values(action=action, error=error)
    )


async def _end_if_done(
    transaction: Transaction, operation_id: int, outcome: OperationState = OperationState.SUCCEEDED
) -> None:
    session = transaction.session
    # With the lock, two transactions that end the last two results see each other's change.
    operation = await session.get(Operation, operation_id, with_for_update={"key_share": True}, populate_existing=True)
    if operation is None or not operation.state.is_open:
        return
    rows = (await session.execute(_COUNTS, {"operation": operation_id})).all()
    counts = {row[0]: row[1] for row in rows}
    state = state_of(counts)
    if operation.has_rollout and not state.is_open:
        state = OperationState.RUNNING
    operation.state = outcome if state is OperationState.SUCCEEDED else state
    if operation.state.is_open:
        return
    operation.finished_at = now()
    await session.flush()
    deployment = await session.get(Deployment, operation.deployment_id) if operation.deployment_id else None
    name = f" of {deployment.release_name}" if deployment else ""
    transaction.record(
        OperationEvent.FINISHED,
        f"{operation.kind.noun}{name} {_ENDED[operation.state]}.",
        organization_id=operation.organization_id,
        actor=operation.author,
        subject=operation,
        state=operation.state,
        results={str(state): count for state, count in counts.items()},
    )
