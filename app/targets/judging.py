"""Derives the status of targets again from the database, without a request to any member.

A fingerprint of everything that a status depends on is stored with it. Values are compared only if the fingerprint has
changed, and an event is recorded only if the verdict has changed.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select, tuple_, update
from sqlalchemy.orm import defer
from sqlmodel import col

from app.core.facts import columns_of, fact, read
from app.core.transaction import Transaction
from app.health.health import Health
from app.jobs.rollouts import wake_rollouts
from app.releases.release import Desired, Observed, covered
from app.releases.status import TargetStatus, TargetVerdict, judge
from app.secrets.queries import marks_by_deployment
from app.tables.clusters import Cluster, Reachability
from app.tables.columns import now
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.targets import Release, Target
from app.targets.activity import waiting_for_window
from app.targets.codes import TargetEvent
from app.targets.desired import desired_release, inputs_of
from app.targets.events import record_event
from app.targets.joins import joined
from app.targets.waits import review_waiting, waits_of


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """Everything that the verdict on a target depends on. `_verdict` uses nothing else of the rows. Facts about the
    release are None if there is none."""

    wanted: bool = fact(col(Target.wanted))
    desired_digest: bytes = fact(col(Target.desired_digest))
    evaluation_error: str | None = fact(col(Target.evaluation_error))
    endpoints: list[dict[str, Any]] = fact(col(Target.endpoints))
    waits_for: list[str] = fact(col(Target.waits_for))
    contested_until: datetime | None = fact(col(Target.contested_until))
    corrections: int = fact(col(Target.corrections))
    has_failed: bool = fact(col(Target.error).is_not(None))
    reachability: Reachability = fact(col(Cluster.reachability))
    reachability_message: str | None = fact(col(Cluster.reachability_message))
    release_digest: bytes | None = fact(col(Release.digest))
    release_status: str | None = fact(col(Release.status))
    description: str | None = fact(col(Release.description))
    unreadable: str | None = fact(col(Release.unreadable))
    window: dict[str, Any] | None = fact(col(Target.window))

    @property
    def fingerprint(self) -> bytes:
        return hashlib.blake2b(repr(astuple(self)).encode(), digest_size=16).digest()


_FACTS: Select[*tuple[Any, ...]] = joined(select(col(Target.id), col(Target.judged_digest), *columns_of(StatusFacts)))

_OF_THESE = col(Target.id).in_(bindparam("ids", expanding=True))
_LOCK = select(col(Target.id)).where(_OF_THESE).order_by(col(Target.id)).with_for_update(key_share=True)
_ALL = (
    joined(select(Target, Deployment, Cluster, Release, *columns_of(StatusFacts)))
    .where(_OF_THESE)
    .order_by(col(Target.id))
    .options(defer(Cluster.credentials, raiseload=True))  # type: ignore[arg-type]
    .execution_options(populate_existing=True)
)
_REVISIONS = select(DeploymentRevision).where(
    tuple_(col(DeploymentRevision.deployment_id), col(DeploymentRevision.generation)).in_(
        bindparam("keys", expanding=True)
    )
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A target with everything that its status depends on, and whether its verdict has changed."""

    target: Target
    deployment: Deployment
    cluster: Cluster
    has_changed: bool


async def judge_targets(
    transaction: Transaction,
    cluster_ids: Iterable[int] | None = None,
    *,
    target_ids: Iterable[int] | None = None,
) -> set[int]:
    """Judges the targets on these clusters, or these targets, or all targets. Returns the IDs of those whose verdict
    changed.

    Locks the targets that must be judged again, in the order of their IDs."""
    statement = _FACTS
    if cluster_ids is not None:
        statement = statement.where(col(Target.cluster_id).in_(list(cluster_ids)))
    if target_ids is not None:
        statement = statement.where(col(Target.id).in_(list(target_ids)))
    rows = (await transaction.session.execute(statement)).all()
    facts = read(StatusFacts, (row._mapping for row in rows))
    changed = [row.id for row, each in zip(rows, facts, strict=True) if each.fingerprint != row.judged_digest]
    if not changed:
        return set()
    # Another transaction may be writing what these targets depend on. Only a statement that starts after the rows are
    # locked sees its changes: a verdict on what was read before would overwrite the verdict of that transaction.
    await transaction.session.execute(_LOCK, {"ids": changed})
    judged = await judge_locked(transaction, {target_id: {} for target_id in changed})
    return {found.target.id for found in judged if found.has_changed}


async def judge_locked(transaction: Transaction, seen: Mapping[int, Mapping[str, Any]]) -> list[Judged]:
    """Judges the targets with these IDs, which an earlier statement has locked. Writes the given columns of each target
    along with the verdict."""
    rows = (await transaction.session.execute(_ALL, {"ids": list(seen)})).all()
    read_facts = read(StatusFacts, (row._mapping for row in rows))
    facts = {row.Target.id: each for row, each in zip(rows, read_facts, strict=True)}
    digests = {target_id: each.fingerprint for target_id, each in facts.items()}
    changed = {target.id for target, *_ in rows if digests[target.id] != target.judged_digest}
    needed = {_revision_of(target, deployment) for target, deployment, *_ in rows if target.id in changed}
    revisions = await _revisions(transaction, needed) if needed else {}
    with_secrets = list({revision.deployment_id for revision in revisions.values() if revision.references()})
    marks = await marks_by_deployment(transaction.session, with_secrets) if with_secrets else {}
    found, written = [], []
    for target, deployment, cluster, release, *_ in rows:
        values: dict[str, Any] = {"id": target.id, **seen[target.id]}
        has_changed = False
        if target.id in changed:
            desired = None
            if target.wanted:
                revision = revisions[_revision_of(target, deployment)]
                known = marks.get(deployment.id, {})
                desired = desired_release(deployment, revision, cluster.name, inputs_of(target), known)
                if target.secret_paths:
                    desired = covered(desired, target.secret_paths, await transaction.fingerprints.mark())
            verdict = _verdict(facts[target.id], desired, observed_release(release) if release else None)
            values["judged_digest"] = digests[target.id]
            reasons = [asdict(reason) for reason in verdict.reasons]
            has_changed = (verdict.status, reasons) != (target.status, target.reasons)
            if has_changed:
                values |= {"status": verdict.status, "reasons": reasons}
                if cluster.reachability is Reachability.REACHABLE:
                    values["observed_at"] = now()
                if verdict.status is not target.status:
                    values["status_since"] = now()
                values |= _health_of(verdict, target, cluster)
                _record(transaction, target, deployment, cluster, verdict)
        found.append(Judged(target, deployment, cluster, has_changed))
        if len(values) > 1:
            written.append(values)
    if written:
        # One update by primary key: with one update for each target, SQLAlchemy would compare each of them with every
        # target in the session. With a condition of its own, SQLAlchemy does not treat a target that was deleted in the
        # meantime as an error.
        by_key = update(Target).where(col(Target.id).is_not(None)).execution_options(synchronize_session=None)
        await transaction.session.execute(by_key, written)
    await review_waiting(transaction, {each.target.cluster_id for each in found if each.has_changed})
    await wake_rollouts(transaction, {each.target.rollout_id for each in found if each.has_changed})
    return found


def _health_of(verdict: TargetVerdict, target: Target, cluster: Cluster) -> dict[str, Any]:
    """The health of a target whose resources are not judged: the cluster is unreachable, or nothing is installed.
    Otherwise the health follows from the resources (`app.resources.judging`)."""
    if cluster.reachability is not Reachability.REACHABLE:
        health = Health.UNKNOWN
    elif verdict.status is TargetStatus.NOT_INSTALLED:
        health = Health.MISSING
    elif (target.health, target.health_reasons) == (Health.MISSING, []):
        health = Health.UNKNOWN  # there is a release now, and its resources have not been checked yet
    else:
        return {}
    if (health, []) == (target.health, target.health_reasons):
        return {}
    return {"health": health, "health_reasons": [], "health_since": now()}


def _revision_of(target: Target, deployment: Deployment) -> tuple[int, int]:
    """The key of the revision that a target is compared with, as `app.targets.joins.GENERATION`."""
    return deployment.id, target.allowed_generation or deployment.generation


async def _revisions(transaction: Transaction, keys: set[tuple[int, int]]) -> dict[tuple[int, int], DeploymentRevision]:
    """Revisions by deployment and generation. Fetched once for each deployment, not for each target: a revision row
    holds the overrides of all targets."""
    rows = await transaction.session.execute(_REVISIONS, {"keys": list(keys)})
    return {(row.deployment_id, row.generation): row for row in rows.scalars()}


def _verdict(facts: StatusFacts, desired: Desired | None, observed: Observed | None) -> TargetVerdict:
    unreachable = None
    if facts.reachability is not Reachability.REACHABLE:
        unreachable = facts.reachability_message or "The cluster has not been checked yet."
    contested = None
    if facts.contested_until is not None:
        why = "the last correction failed" if facts.has_failed else "it was changed by hand again"
        contested = (
            f"It was corrected {facts.corrections} times, and {why}:"
            f" the next correction is at {facts.contested_until:%H:%M:%S} UTC."
        )
    waiting = None
    if facts.window is not None:
        until = facts.window["until"]
        waiting = waiting_for_window(facts.window["reason"], datetime.fromisoformat(until) if until else None)
    return judge(desired, observed, unreachable, contested, facts.evaluation_error, waiting, waits_of(facts))


def observed_release(release: Release) -> Observed:
    return Observed(
        name=release.name,
        namespace=release.namespace,
        revision=release.revision,
        status=release.status,
        chart_name=release.chart_name,
        chart_version=release.chart_version,
        app_version=release.app_version,
        values=release.values or {},
        updated_at=release.updated_at,
        description=release.description,
        unreadable=release.unreadable,
    )


def _record(
    transaction: Transaction, target: Target, deployment: Deployment, cluster: Cluster, verdict: TargetVerdict
) -> None:
    why = f" {verdict.reasons[0].message}" if verdict.reasons else ""
    record_event(
        transaction,
        TargetEvent.STATUS,
        f"{deployment.release_name} on {cluster.name} is {verdict.status}.{why}",
        target=target,
        deployment=deployment,
        cluster_name=cluster.name,
        was=target.status,
        status=verdict.status,
    )
