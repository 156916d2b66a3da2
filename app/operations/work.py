"""The work on one target: how a worker takes it, and what is written while Helm runs. `endings` writes its outcome."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import defer
from sqlmodel import col

from app.clusters.service_accounts import ServiceAccount
from app.core.services import Services
from app.core.transaction import Transaction
from app.groups.queries import service_account_of
from app.helm.command import MARGIN_SECONDS
from app.helm.ledger import Progress
from app.operations.due import NEEDS_NOTHING, RETRY_IS_DUE
from app.operations.progress import begin_result, close_results, note_action
from app.operations.windows import MAY_BE_HELD, is_held, is_move, let_pass
from app.releases.error_codes import ActionCode
from app.releases.hook import Hook
from app.releases.ownership import Claim, intent_for
from app.releases.release import Desired, Observed
from app.releases.step import ReleaseAction
from app.secrets.queries import marks_of, used_by
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.operations import Operation, OperationKind, OperationResult
from app.tables.secrets import Secret
from app.tables.states import OperationState
from app.tables.targets import Release, Target, TargetHold
from app.targets import leases
from app.targets.activity import Activity, ActivityPhase, stored
from app.targets.claims import claim_of
from app.targets.codes import TargetEvent
from app.targets.desired import desired_release, inputs_of
from app.targets.events import record_event
from app.targets.joins import OPEN_RESULT, REVISION_OF_TARGET, joined
from app.targets.leases import FREE, Lease, fenced
from app.targets.sightings import Sighting, write_sightings
from app.targets.trouble import TargetError


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
    generation: int  # the one that the target may have
    desired: Desired | None  # None: the release is to be removed; the target stays if it is wanted
    secrets: Sequence[Secret] = ()  # secrets that the deployment uses, sealed
    account: ServiceAccount | None = None
    limit: datetime | None = None
    planned_version: str | None = None  # of the release's record that its plan was made against; None without a plan
    was_lost: bool = False  # an earlier worker was lost while its Helm ran
    watchers: list[Callable[[Progress], None]] = field(default_factory=list)  # get the progress of its Helm runs

    def tell(self, progress: Progress) -> None:
        """Passes the progress of a Helm run to the watchers."""
        for watcher in tuple(self.watchers):
            watcher(progress)

    @property
    def subject(self) -> str:
        """The release and its cluster, as messages name them."""
        return f"{self.deployment.release_name} on {self.cluster.name}"

    def title(self, action: ReleaseAction) -> str:
        """An action on the release, at the beginning of a sentence."""
        return f"{action.noun} of {self.subject}"

    def record(self, transaction: Transaction, kind: TargetEvent, message: str, **data: Any) -> None:
        """Records an event about the target."""
        record_event(
            transaction,
            kind,
            message,
            target=self.target,
            deployment=self.deployment,
            cluster_name=self.cluster.name,
            actor=self.operation.author,
            **data,
        )


_LOST = "Helm was stopped because its worker stopped, or could not renew its lease on the target."
_WORK = (
    joined(select(Target, Deployment, DeploymentRevision, Cluster, ChartArchive, Operation, Release, ClusterGroup))
    .add_columns(
        col(OperationResult.planned_version),
        MAY_BE_HELD,
        select(col(TargetHold.target_id)).where(col(TargetHold.target_id) == Target.id).exists(),
    )
    .join(DeploymentRevision, REVISION_OF_TARGET)
    .join(ClusterGroup, col(ClusterGroup.id) == Deployment.group_id)
    .join(ChartArchive, col(ChartArchive.digest) == DeploymentRevision.chart_digest)
    .join(OperationResult, OPEN_RESULT)
    .join(Operation, col(Operation.id) == OperationResult.operation_id)
    .where(col(Target.id) == bindparam("target"), RETRY_IS_DUE, NEEDS_NOTHING)
    .options(defer(ChartArchive.content, raiseload=True))  # type: ignore[arg-type]
)


async def take(services: Services, target_id: int, owner: str) -> Work | None:
    """Takes the lease of a target with an open result that is due, and marks the result as running.

    Returns None if there is nothing to do, another worker holds the lease, or no change window lets the target move.
    """
    async with services.transaction() as transaction:
        lease = await leases.acquire(transaction, services.settings, target_id, owner)
        if lease is None:
            return None
        row = (await transaction.session.execute(_WORK, {"target": target_id, "moment": now()})).first()
        if row is None:
            await fenced(transaction, lease, **FREE)
            return None
        target, deployment, revision, cluster, archive, operation, known, group, *more = row
        planned_version, may_be_held, is_remedied = more
        if target.wanted and target.allowed_generation is None and not is_remedied:
            await _refuse(transaction, lease, operation)
            return None
        moves = operation.kind is not OperationKind.API_MIGRATION and is_move(target, revision.generation)
        may_wait = may_be_held and not is_remedied and operation.cancelled_at is None and moves
        if may_wait and await is_held(transaction, lease, target, operation):
            return None
        if target.window is not None:
            await let_pass(transaction, [target_id])
        await begin_result(transaction, operation, target_id)
        secrets = await used_by(transaction.session, deployment.id) if revision.references() else ()
    desired = None
    if target.wanted and target.allowed_generation is not None:
        desired = desired_release(deployment, revision, cluster.name, inputs_of(target), marks_of(secrets))
    account = service_account_of(group)
    return Work(
        *(lease, target, deployment, cluster, archive, operation, known),
        *(revision.generation, desired, secrets, account),
        planned_version=planned_version,
    )


async def _refuse(transaction: Transaction, lease: Lease, operation: Operation) -> None:
    """Ends the result of a target that a rollout has not reached: there is no generation that it may have."""
    message = "A rollout has not reached this new target yet. It is installed when its wave begins."
    error = TargetError(ActionCode.ROLLOUT_NOT_REACHED, message, attempts=0).stored
    await fenced(transaction, lease, **FREE)
    await close_results(
        *(transaction, [lease.target_id], OperationState.CANCELLED), error=error, operation_id=operation.id
    )


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
        generation=work.generation,
        since=moment.isoformat(),
        digest=wanted.digest if wanted else None,
        paths=work.target.secret_paths,
        is_atomic=work.deployment.atomic,
        counts=counts,
    )
    values = {"intent": asdict(intent)} | ({"writes": work.target.writes} if work.was_lost else {})
    work.limit = moment + timedelta(seconds=work.deployment.timeout_seconds + MARGIN_SECONDS)
    phase = ActivityPhase.APPLYING if runs is ReleaseAction.UNINSTALL else ActivityPhase.VALIDATING
    begun = stored(Activity(phase, work.operation.id, moment, work.limit))
    async with services.transaction() as transaction:
        if seen.is_news(work.known):
            await write_sightings(transaction, [seen])
        await fenced(transaction, work.lease, claimed=True, activity=begun, **values)
        await note_action(transaction, work.operation.id, work.target.id, runs)
        work.record(transaction, TargetEvent.STARTED, f"{work.title(runs)} started.")
    # `counts` matters only if this worker is lost; otherwise it sees how the run ends.
    work.target.claimed, work.target.intent = True, asdict(replace(intent, counts=False))


async def report(
    services: Services, work: Work, phase: ActivityPhase, hook: Hook | None, since: datetime, *, waits: bool
) -> bool:
    """Writes the phase of the Helm run, since when it lasts and its time limit; returns whether the run has freed its
    slot of the cluster."""
    reported = Activity(phase, work.operation.id, since, work.limit, hook)
    async with services.transaction() as transaction:
        has_left = await leases.write_activity(
            transaction, services.settings, work.lease, stored(reported), waits=waits
        )
        work.record(transaction, TargetEvent.ACTIVITY, f"{work.subject}: {reported.message}", phase=phase)
    return has_left


def note_observation(work: Work, claim: Claim, observed: Observed | None) -> None:
    """Notes what a look has shown about the owner of the release, and about a Helm run whose worker was lost; it is
    written with the outcome of the work. Such a run counts as failed: it may be the reason why the worker was lost."""
    target = work.target
    before = claim_of(target).intent
    if before is not None and before.counts and before.has_begun(observed):
        work.was_lost = True
        target.writes += 1
        target.error = TargetError(ActionCode.HELM_KILLED, _LOST, attempts=target.attempts).stored
    target.claimed, target.intent = claim.ours, asdict(replace(claim.intent, counts=False)) if claim.intent else None
