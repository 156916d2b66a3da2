"""The work on one target: read in one transaction when it is taken; its outcome is written under the lease."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import defer
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.service_accounts import ServiceAccount
from app.core.errors import ActionError
from app.core.services import Services
from app.core.threads import in_thread
from app.core.transaction import Transaction
from app.groups.queries import service_account_of
from app.helm.command import MARGIN_SECONDS
from app.helm.ledger import Progress
from app.operations.cancellation import end_cancelled
from app.operations.due import ITS_TIME_HAS_COME
from app.operations.progress import (
    begin_result,
    close_results,
    explain_superseded,
    note_action,
    note_trouble,
    remove_targets,
)
from app.operations.removal import give_up, remove_if_empty
from app.releases.error_codes import ActionCode
from app.releases.hook import Hook
from app.releases.manifest import ManifestObject, objects_in
from app.releases.ownership import Claim, intent_for
from app.releases.references import HIDDEN, texts_at
from app.releases.release import Desired, Observed
from app.releases.scrubbing import Scrubber
from app.releases.step import ReleaseAction
from app.secrets.queries import marks_of, used_by
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.operations import Operation, OperationResult
from app.tables.secrets import Secret
from app.tables.states import OPEN, OperationState
from app.tables.targets import Release, Target
from app.targets import leases
from app.targets.abandonment import AbandonedRelease
from app.targets.activity import Activity, Phase, stored
from app.targets.claims import claim_of
from app.targets.codes import TargetEvent
from app.targets.desired import desired_release, inputs_of
from app.targets.joins import OPEN_RESULT, PRESENT_REVISION, joined
from app.targets.leases import FREE, Lease, LeaseLostError, fenced
from app.targets.sightings import Sighting, write_sightings
from app.targets.trouble import TargetError, target_error


@dataclass
class Work:
    """An open operation result with everything that is needed to complete it.

    `known` is the release as it was last seen; `account` the service account that writes on the cluster, in place of
    the cluster's own credentials; `limit` the time at which the present Helm run is ended at the latest."""

    lease: Lease
    target: Target
    deployment: Deployment
    cluster: Cluster
    archive: ChartArchive
    operation: Operation
    known: Release | None
    desired: Desired | None  # None: the release is to be removed
    secrets: Sequence[Secret] = ()  # secrets that the deployment uses, sealed
    account: ServiceAccount | None = None
    limit: datetime | None = None
    was_lost: bool = False  # an earlier worker was lost while its Helm ran
    watchers: list[Callable[[Progress], None]] = field(default_factory=list)  # get the progress of its Helm runs

    def tell(self, progress: Progress) -> None:
        """Passes the progress of a Helm run to the watchers."""
        for watcher in tuple(self.watchers):
            watcher(progress)


_LOST = "Helm was ended because its worker had ended, or could not renew its lease on the target."
_WORK = (
    joined(select(Target, Deployment, DeploymentRevision, Cluster, ChartArchive, Operation, Release, ClusterGroup))
    .join(DeploymentRevision, PRESENT_REVISION)
    .join(ClusterGroup, col(ClusterGroup.id) == Deployment.group_id)
    .join(ChartArchive, col(ChartArchive.digest) == DeploymentRevision.chart_digest)
    .join(OperationResult, OPEN_RESULT)
    .join(Operation, col(Operation.id) == OperationResult.operation_id)
    .where(col(Target.id) == bindparam("target"), ITS_TIME_HAS_COME)
    .options(defer(ChartArchive.content, raiseload=True))  # type: ignore[arg-type]
)
_CANCELLED = (
    select(Operation)
    .join(OperationResult, col(OperationResult.operation_id) == Operation.id)
    .where(col(OperationResult.target_id) == bindparam("target"), col(OperationResult.state).in_(OPEN))
    .where(col(Operation.cancelled_at).is_not(None))
)
_STILL_ASKED_FOR = (
    select(col(Operation.id))
    .join(OperationResult, col(OperationResult.operation_id) == Operation.id)
    .where(col(OperationResult.target_id) == bindparam("target"), col(Operation.id) == bindparam("operation"))
    .where(col(OperationResult.state).in_(OPEN), col(Operation.cancelled_at).is_(None))
)


async def take(services: Services, target_id: int, owner: str) -> Work | None:
    """Takes the lease of a target with an open result that is due, and marks the result as running.

    Returns None if there is nothing to do, or another worker holds the lease.
    """
    async with services.transaction() as transaction:
        lease = await leases.acquire(transaction, services.settings, target_id, owner)
        if lease is None:
            return None
        row = (await transaction.session.execute(_WORK, {"target": target_id, "moment": now()})).first()
        if row is None:
            await fenced(transaction, lease, **FREE)
            return None
        target, deployment, revision, cluster, archive, operation, known, group = row
        await begin_result(transaction, operation, target_id)
        secrets = await used_by(transaction.session, deployment.id) if revision.references() else ()
    desired = None
    if target.wanted:
        desired = desired_release(deployment, revision, cluster.name, inputs_of(target), marks_of(secrets))
    account = service_account_of(group)
    return Work(lease, target, deployment, cluster, archive, operation, known, desired, secrets, account)


async def intend(
    services: Services, work: Work, runs: ReleaseAction, seen: Sighting, wanted: Desired | None, *, counts: bool
) -> None:
    """Writes that Helm is about to run, and the release that it is to leave; from then on, Polyhelm owns the release.

    `wanted` is the release that was compared with the observation `seen`; `counts` says that the run makes a revision
    or runs hooks."""
    moment = now()
    intent = intent_for(
        runs,
        seen.release,
        claim_of(work.target),
        generation=work.deployment.generation,
        since=moment.isoformat(),
        digest=wanted.digest if wanted else None,
        paths=work.target.secret_paths,
        is_atomic=work.deployment.atomic,
        counts=counts,
    )
    values = {"intent": asdict(intent)} | ({"writes": work.target.writes} if work.was_lost else {})
    work.limit = moment + timedelta(seconds=work.deployment.timeout_seconds + MARGIN_SECONDS)
    phase = Phase.APPLYING if runs is ReleaseAction.UNINSTALL else Phase.VALIDATING
    begun = stored(Activity(phase, work.operation.id, moment, work.limit))
    async with services.transaction() as transaction:
        if seen.is_news(work.known):
            await write_sightings(transaction, [seen])
        await fenced(transaction, work.lease, claimed=True, activity=begun, **values)
        await note_action(transaction, work.operation.id, work.target.id, runs)
        _record(transaction, work, TargetEvent.STARTED, f"{_what(work, runs)} has begun.")
    # `counts` matters only if this worker is lost; otherwise it sees how the run ends.
    work.target.claimed, work.target.intent = True, asdict(replace(intent, counts=False))


async def report(
    services: Services, work: Work, phase: Phase, hook: Hook | None, since: datetime, *, waits: bool
) -> bool:
    """Writes the phase of the Helm run, since when it lasts and its time limit; returns whether the run has freed its
    slot of the cluster."""
    reported = Activity(phase, work.operation.id, since, work.limit, hook)
    async with services.transaction() as transaction:
        has_left = await leases.write_activity(
            transaction, services.settings, work.lease, stored(reported), waits=waits
        )
        _record(transaction, work, TargetEvent.ACTIVITY, f"{_where(work)}: {reported.message}", phase=phase)
    return has_left


def note_look(work: Work, claim: Claim, observed: Observed | None) -> None:
    """Notes what a look has shown about the owner of the release, and about a Helm run whose worker was lost; it is
    written with the outcome of the work. Such a run counts as failed: it may be the reason why the worker was lost."""
    target = work.target
    before = claim_of(target).intent
    if before is not None and before.counts and before.has_begun(observed):
        work.was_lost = True
        target.writes += 1
        target.error = TargetError(ActionCode.HELM_KILLED, _LOST, attempts=target.attempts).stored
    target.claimed, target.intent = claim.ours, asdict(replace(claim.intent, counts=False)) if claim.intent else None


def _outcome(work: Work) -> dict[str, Any]:
    target = work.target
    return {"claimed": target.claimed, "intent": target.intent, **FREE}


async def give_back(services: Services, work: Work) -> None:
    """Frees the lease of interrupted work; its result stays open."""
    with suppress(LeaseLostError):
        async with services.transaction() as transaction:
            await fenced(transaction, work.lease, **_outcome(work))


async def _locked(session: AsyncSession, deployment: Deployment) -> Deployment:
    """The deployment of a target whose lease is held, with its row locked. It exists as long as its targets do."""
    return await session.get_one(Deployment, deployment.id, with_for_update={"key_share": True}, populate_existing=True)


async def succeed(
    services: Services, work: Work, action: ReleaseAction, seen: Sighting, output: str | None = None
) -> None:
    """Ends the result: a look has shown that the target is in its wanted state. `output` is Helm's output, if it ran. A
    target whose release was to be removed is deleted, and after the last one also a deployment that is being
    deleted."""
    async with services.transaction() as transaction:
        session = transaction.session
        deployment = work.deployment
        if work.desired is None:
            deployment = await _locked(session, deployment)
        await write_sightings(transaction, [seen])
        await fenced(
            transaction,
            work.lease,
            generation=work.deployment.generation,
            error=None,
            attempts=0,
            writes=0,
            retry_at=None,
            **_outcome(work) | {"intent": None},
        )
        await close_results(
            transaction,
            [work.target.id],
            OperationState.SUCCEEDED,
            action=action,
            output=output,
            operation_id=work.operation.id,
        )
        if action is not ReleaseAction.NONE:
            _record(transaction, work, TargetEvent.CONVERGED, f"{_what(work, action)} is done.")
        elif work.target.generation != deployment.generation and work.desired is not None:
            message = f"{deployment.release_name} on {work.cluster.name} matches generation {deployment.generation}."
            _record(transaction, work, TargetEvent.GENERATION, message)
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
) -> None:
    """Ends the result with an error that a retry would repeat. `writes` counts the attempts that have made a revision
    or run hooks."""
    shown = replace(_shown(work, error, seen, runs_hooks=runs_hooks), revision=_revision(seen))
    async with services.transaction() as transaction:
        if seen is not None:
            await write_sightings(transaction, [seen])
        values = {"error": shown.stored, "attempts": shown.attempts, "writes": writes, "retry_at": None}
        await fenced(transaction, work.lease, **values, **_outcome(work))
        await close_results(
            transaction,
            [work.target.id],
            OperationState.FAILED,
            action=action,
            error=shown.stored,
            operation_id=work.operation.id,
        )
        _record(
            transaction,
            work,
            TargetEvent.FAILED,
            f"{_what(work, action)} failed: {error.message}",
            code=error.code,
        )


async def cancel(services: Services, work: Work, action: ReleaseAction, seen: Sighting | None, words: str) -> None:
    """Ends the result of a cancelled operation. `words` say what was done until then."""
    async with services.transaction() as transaction:
        if seen is not None:
            await write_sightings(transaction, [seen])
        await fenced(transaction, work.lease, attempts=0, **_outcome(work))
        cancelled = await transaction.session.execute(_CANCELLED, {"target": work.target.id})
        for operation in cancelled.scalars().all():
            await end_cancelled(transaction, operation, [work.target.id], words, action=action)
        _record(transaction, work, TargetEvent.CANCELLED, f"{_where(work)}: cancelled. {words}")


async def make_room(services: Services, work: Work, action: ReleaseAction, words: str) -> None:
    """Ends work that a newer operation has superseded. Its result has ended already; this adds the reason."""
    error = TargetError(ActionCode.SUPERSEDED, f"Something newer was asked for. {words}", attempts=0).stored
    async with services.transaction() as transaction:
        await fenced(transaction, work.lease, **_outcome(work))
        await explain_superseded(transaction, work.operation.id, work.target.id, action, error)
        _record(transaction, work, TargetEvent.SUPERSEDED, f"{_where(work)}: ended for something newer. {words}")


async def abandon(services: Services, work: Work, error: ActionError, seen: Sighting | None) -> None:
    """Leaves a release behind that can't be removed, as requested with `force`: its target is deleted, and after the
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
        await fenced(transaction, work.lease, **_outcome(work))
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
        still = {"target": work.target.id, "operation": work.operation.id}
        known = work.operation.cancelled_at is not None
        if not known and (await transaction.session.execute(_STILL_ASKED_FOR, still)).first() is None:
            await fenced(transaction, work.lease, attempts=0, retry_at=None, **_outcome(work))
            transaction.wake([work.target.id])
            return
        values = {"error": shown.stored, "attempts": shown.attempts, "writes": writes, "retry_at": retry_at}
        await fenced(transaction, work.lease, **values, **_outcome(work))
        await note_trouble(transaction, work.operation.id, work.target.id, shown.stored)
        if shown.attempts == 1:
            _record(
                transaction,
                work,
                TargetEvent.RETRYING,
                f"{work.deployment.release_name} on {work.cluster.name} is tried again: {error.message}",
                code=error.code,
            )


def _where(work: Work) -> str:
    return f"{work.deployment.release_name} on {work.cluster.name}"


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


def _what(work: Work, action: ReleaseAction) -> str:
    return f"{action.capitalize()} of {_where(work)}"


def _record(transaction: Transaction, work: Work, kind: TargetEvent, message: str, **data: Any) -> None:
    transaction.record(
        kind,
        message,
        organization_id=work.deployment.organization_id,
        actor=work.operation.author,
        subject=work.target,
        deployment=work.deployment.release_name,
        cluster=work.cluster.name,
        **data,
    )
