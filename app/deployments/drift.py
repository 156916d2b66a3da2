"""Corrects drift: changes by other clients to a release that was in its wanted state. The deployment's drift policy
says whether to correct them.

Between corrections there are growing pauses (`app.drift.pauses`): otherwise two tools that keep changing a release
would fill Helm's history. While a correction waits, the target's reasons say so. A failed correction is repeated after
the same pauses. If each attempt makes another failed revision, the number of
attempts is limited as for any action, and attempts start again when the release changes."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from sqlalchemy import Integer, bindparam, func, select
from sqlmodel import col, or_

from app.core.services import Services
from app.core.transaction import Transaction
from app.drift.pauses import PEACE, next_correction
from app.operations.progress import start_operation
from app.releases.status import TargetStatus
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment, DriftPolicy
from app.tables.operations import OperationKind
from app.tables.targets import Release, Target
from app.targets.codes import TargetEvent
from app.targets.correctable import CORRECTABLE, write_target
from app.targets.joins import joined
from app.targets.judging import judge_targets
from app.targets.waits import WAITS

_MOST = 500  # targets in one query
_DRIFTED = (
    TargetStatus.STALE,
    TargetStatus.NOT_INSTALLED,
    TargetStatus.FAILED,
    TargetStatus.DELETED,
    TargetStatus.SUPERSEDED,
)

_CHANGED_SINCE_FAILURE = or_(
    col(Target.error).is_(None),
    col(Release.revision).is_distinct_from(col(Target.error)["revision"].as_integer()),
)
_MAY_FAIL_AGAIN = col(Target.writes) <= bindparam("retries", type_=Integer)

_CANDIDATES = (
    joined(select(Target, col(Deployment.id), col(Cluster.name), _CHANGED_SINCE_FAILURE))
    .where(
        col(Deployment.drift_policy) == DriftPolicy.CORRECT,
        col(Target.evaluation_error).is_(None),
        ~WAITS,
        col(Target.status).in_(_DRIFTED),
        or_(_CHANGED_SINCE_FAILURE, _MAY_FAIL_AGAIN),
        or_(col(Target.contested_until).is_(None), col(Target.contested_until) <= func.clock_timestamp()),
        *CORRECTABLE,
    )
    .order_by(col(Deployment.id), col(Target.id))
    .limit(_MOST)
)


async def correct_drift(services: Services, target_ids: Iterable[int] | None = None) -> None:
    """Starts the corrections that are due now, of these targets or of all."""
    statement = _CANDIDATES
    if target_ids is not None:
        statement = statement.where(col(Target.id).in_(list(target_ids)))
    retries = services.settings.helm_retries
    rows = await services.database.rows(statement, retries=retries)
    for deployment_id, group in groupby(rows, key=lambda row: row[1]):
        ids = [target.id for target, *_ in group]
        async with services.transaction() as transaction:
            await _correct(transaction, deployment_id, ids, retries)


async def _correct(transaction: Transaction, deployment_id: int, ids: Sequence[int], retries: int) -> None:
    session = transaction.session
    deployment = await session.get(Deployment, deployment_id, with_for_update={"key_share": True})
    if deployment is None:
        return
    moment = now()
    correct: dict[int, str] = {}
    tried: dict[int, int] = {}
    # Read again under the lock: another process may have been faster.
    rows = (await session.execute(_CANDIDATES.where(col(Target.id).in_(ids)), {"retries": retries})).all()
    for target, _, cluster_name, is_changed in rows:
        due = next_correction(target.corrections, target.corrected_at, moment)
        data = {"deployment": deployment.release_name, "cluster": cluster_name}
        about = f"{deployment.release_name} on {cluster_name}"
        if due is None:
            correct[target.id] = cluster_name
            if not is_changed:
                tried[target.id] = target.writes
            is_peace = target.corrected_at is None or moment - target.corrected_at > PEACE
            values = {"corrections": 1 if is_peace else target.corrections + 1, "corrected_at": moment}
            await write_target(transaction, target.id, contested_until=None, **values)
            was_changed = "was changed by another client and is being corrected"
            has_failed = "is being corrected again because the last correction failed"
            message = f"{about} {was_changed if is_changed else has_failed}."
            kind = TargetEvent.DRIFTED
        else:
            await write_target(transaction, target.id, contested_until=due)
            message = (
                f"{about} was changed again after {target.corrections} corrections. Another client keeps changing it."
                if is_changed
                else f"The correction of {about} failed; the next one is delayed."
            )
            kind = TargetEvent.CONTESTED
        transaction.record(kind, message, organization_id=deployment.organization_id, subject=target, **data)
    await judge_targets(transaction, target_ids=[target.id for target, *_ in rows])
    if correct:
        await start_operation(transaction, deployment, OperationKind.RECONCILE, correct, author=None)
    # Another correction of the same drift does not reset the count of attempts.
    for target_id, writes in tried.items():
        await write_target(transaction, target_id, writes=writes)
