"""How the work on a target ends or is postponed. Each outcome is written under the lease, and releases it."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import ActionError
from app.core.leases import LeaseLostError
from app.core.services import Services
from app.core.threads import in_thread
from app.operations.cancellation import end_cancelled
from app.operations.progress import close_results, explain_superseded, note_trouble, remove_targets
from app.operations.remedies import remedy
from app.operations.removal import give_up, remove_if_empty
from app.operations.work import Work
from app.releases.error_codes import ActionCode
from app.releases.manifest import ManifestObject, objects_in
from app.releases.references import HIDDEN, texts_at
from app.releases.release import Observed
from app.releases.remediation import Failure
from app.releases.scrubbing import Scrubber
from app.releases.step import ReleaseAction
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationResult
from app.tables.states import OPEN, OperationState
from app.tables.targets import Target
from app.targets.abandonment import AbandonedRelease
from app.targets.codes import TargetEvent
from app.targets.leases import FREE, fenced
from app.targets.sightings import Sighting, write_sightings
from app.targets.trouble import TargetError, target_error

_CANCELLED_OPERATIONS = (
    select(Operation)
    .join(OperationResult, col(OperationResult.operation_id) == Operation.id)
    .where(col(OperationResult.target_id) == bindparam("target"), col(OperationResult.state).in_(OPEN))
    .where(col(Operation.cancelled_at).is_not(None))
)
_OPEN_OPERATION = (
    select(col(Operation.id))
    .join(OperationResult, col(OperationResult.operation_id) == Operation.id)
    .where(col(OperationResult.target_id) == bindparam("target"), col(Operation.id) == bindparam("operation"))
    .where(col(OperationResult.state).in_(OPEN), col(Operation.cancelled_at).is_(None))
)


def _freed(work: Work) -> dict[str, Any]:
    """The columns of the target that release its lease, with what is known about the owner of the release."""
    target = work.target
    return {"claimed": target.claimed, "intent": target.intent, **FREE}


async def give_back(services: Services, work: Work) -> None:
    """Frees the lease of interrupted work; its result stays open."""
    with suppress(LeaseLostError):
        async with services.transaction() as transaction:
            await fenced(transaction, work.lease, **_freed(work))


async def _locked(session: AsyncSession, deployment: Deployment) -> Deployment:
    """The deployment of a target whose lease is held, with its row locked. It exists as long as its targets do."""
    return await session.get_one(Deployment, deployment.id, with_for_update={"key_share": True}, populate_existing=True)


async def _is_open(session: AsyncSession, work: Work) -> bool:
    """Whether the operation has been neither cancelled nor superseded on the target, which is locked."""
    given = {"target": work.target.id, "operation": work.operation.id}
    return (await session.execute(_OPEN_OPERATION, given)).first() is not None


async def succeed(
    services: Services,
    work: Work,
    action: ReleaseAction,
    seen: Sighting,
    output: str | None = None,
    *,
    converged: bool = True,
) -> None:
    """Ends the result: a look has shown that the target is in its wanted state. Without `converged`, an operation that
    keeps the release has done its work; the generation and the error of the target stay. `output` is Helm's output, or
    what was done without Helm. A target whose release was to be removed is deleted unless it is wanted, and after the
    last one also a deployment that is being deleted."""
    async with services.transaction() as transaction:
        session = transaction.session
        deployment = work.deployment
        if work.desired is None:
            deployment = await _locked(session, deployment)
        await write_sightings(transaction, [seen])
        generation = None if work.desired is None else work.generation
        reached = {"generation": generation, "error": None} if converged else {}
        ended = {"attempts": 0, "writes": 0, "retry_at": None, **_freed(work), "intent": None}
        await fenced(transaction, work.lease, **reached, **ended)
        await close_results(
            transaction,
            [work.target.id],
            OperationState.SUCCEEDED,
            action=action,
            output=output,
            operation_id=work.operation.id,
        )
        if action is not ReleaseAction.NONE:
            work.record(transaction, TargetEvent.CONVERGED, f"{work.title(action)} succeeded.")
        elif converged and work.target.generation != work.generation and work.desired is not None:
            message = f"{deployment.release_name} on {work.cluster.name} matches generation {work.generation}."
            work.record(transaction, TargetEvent.GENERATION, message)
        if work.desired is None:
            # An update may want the target again by now: then it has an open result, which is next.
            await remove_targets(transaction, [work.target.id], OperationState.SUCCEEDED, action=action, unwanted=True)
            await remove_if_empty(transaction, deployment)


async def fail(
    services: Services,
    work: Work,
    action: ReleaseAction,
    error: ActionError,
    seen: Sighting | None,
    *,
    writes: int,
    runs_hooks: bool,
    failure: Failure | None,
) -> None:
    """Ends the result with an error that a retry would repeat. `writes` counts the attempts that have made a revision
    or run hooks. A `failure` is remedied, unless the operation was cancelled or superseded in the meantime."""
    shown = replace(_shown(work, error, seen, runs_hooks=runs_hooks), revision=_revision(seen))
    async with services.transaction() as transaction:
        deployment = work.deployment
        if failure is not None:
            deployment = await _locked(transaction.session, deployment)
        if seen is not None:
            await write_sightings(transaction, [seen])
        values = {"error": shown.stored, "attempts": shown.attempts, "writes": writes, "retry_at": None}
        await fenced(transaction, work.lease, **values, **_freed(work))
        is_remedied = failure is not None and await _is_open(transaction.session, work)
        await close_results(
            transaction,
            [work.target.id],
            OperationState.FAILED,
            action=action,
            error=shown.stored,
            operation_id=work.operation.id,
        )
        work.record(
            transaction,
            TargetEvent.FAILED,
            f"{work.title(action)} failed: {error.message}",
            code=error.code,
        )
        if failure is not None and is_remedied:
            await remedy(transaction, work, deployment, failure, shown)


async def cancel(services: Services, work: Work, action: ReleaseAction, seen: Sighting | None, words: str) -> None:
    """Ends the result of a cancelled operation. `words` say what was done until then."""
    async with services.transaction() as transaction:
        if seen is not None:
            await write_sightings(transaction, [seen])
        await fenced(transaction, work.lease, attempts=0, **_freed(work))
        cancelled = await transaction.session.execute(_CANCELLED_OPERATIONS, {"target": work.target.id})
        for operation in cancelled.scalars().all():
            await end_cancelled(transaction, operation, [work.target.id], words, action=action)
        work.record(transaction, TargetEvent.CANCELLED, f"{work.subject}: cancelled. {words}")


async def supersede(services: Services, work: Work, action: ReleaseAction, words: str) -> None:
    """Ends work that a newer operation has superseded. Its result has already ended; this adds the reason."""
    error = TargetError(ActionCode.SUPERSEDED, f"A newer operation replaced this one. {words}", attempts=0).stored
    async with services.transaction() as transaction:
        await fenced(transaction, work.lease, **_freed(work))
        await explain_superseded(transaction, work.operation.id, work.target.id, action, error)
        work.record(transaction, TargetEvent.SUPERSEDED, f"{work.subject}: stopped for a newer operation. {words}")


async def abandon(services: Services, work: Work, error: ActionError, seen: Sighting | None) -> None:
    """Leaves a release behind that cannot be removed, as requested with `force`: its target is deleted, and after the
    last one also a deployment that is being deleted."""
    left = AbandonedRelease(
        work.cluster.name,
        work.deployment.namespace,
        work.deployment.release_name,
        error.message,
        await in_thread(_objects_of, seen.release, work.target.secret_paths) if seen and seen.release else (),
    )
    async with services.transaction() as transaction:
        session = transaction.session
        deployment = await _locked(session, work.deployment)
        if seen is not None:
            await write_sightings(transaction, [seen])
        await fenced(transaction, work.lease, **_freed(work))
        target = await session.get(Target, work.target.id, populate_existing=True)
        assert target is not None
        if not target.wanted:
            await give_up(transaction, deployment, [(target, work.cluster)], [left])
            await remove_if_empty(transaction, deployment)


def _objects_of(release: Observed, secret_paths: Collection[str]) -> tuple[ManifestObject, ...]:
    """The objects of a release, without values of secrets: a chart may use one in a name."""
    clean = partial(Scrubber(texts_at(release.values, secret_paths)).clean, instead=HIDDEN)
    found = objects_in(release.manifest, release.namespace)
    return tuple(ManifestObject(clean(one.kind), clean(one.name), clean(one.namespace)) for one in found)


def in_a_row(work: Work, error: ActionError) -> int:
    """How many consecutive attempts at this work have ended with the same error, including this one."""
    last = work.target.error
    if last is None or not work.target.attempts or last["code"] != error.code:
        return 1
    return int(last.get("in_a_row", 1)) + 1


async def retry(
    services: Services,
    work: Work,
    error: ActionError,
    retry_at: datetime,
    seen: Sighting | None,
    *,
    writes: int,
    runs_hooks: bool,
) -> None:
    """Schedules a retry: the result stays open, and shows the error. If the operation was cancelled or superseded in
    the meantime, the target is woken at once instead."""
    shown = replace(_shown(work, error, seen, runs_hooks=runs_hooks), in_a_row=in_a_row(work, error))
    async with services.transaction() as transaction:
        if seen is not None and seen.is_news(work.known):
            await write_sightings(transaction, [seen])
        await fenced(transaction, work.lease)  # locks the target, so that what is read next stays valid
        known = work.operation.cancelled_at is not None
        if not known and not await _is_open(transaction.session, work):
            await fenced(transaction, work.lease, attempts=0, retry_at=None, **_freed(work))
            transaction.wake([work.target.id])
            return
        values = {"error": shown.stored, "attempts": shown.attempts, "writes": writes, "retry_at": retry_at}
        await fenced(transaction, work.lease, **values, **_freed(work))
        await note_trouble(transaction, work.operation.id, work.target.id, shown.stored)
        if shown.attempts == 1:
            work.record(
                transaction,
                TargetEvent.RETRYING,
                f"{work.subject} will be retried: {error.message}",
                code=error.code,
            )


def _shown(work: Work, error: ActionError, seen: Sighting | None, *, runs_hooks: bool) -> TargetError:
    return target_error(
        error,
        work.deployment,
        seen.release if seen else None,
        is_wanted=work.desired is not None,
        attempts=work.target.attempts + 1,
        runs_hooks=runs_hooks,
    )


def _revision(seen: Sighting | None) -> int | None:
    return seen.release.revision if seen is not None and seen.release is not None else None
