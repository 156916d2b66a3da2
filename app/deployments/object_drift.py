"""Starts corrections of live objects that differ from the manifest of their release. The deployment's `liveDrift` says
whether to correct them; a worker does (`reconcilers.actions.correction`).

An object is corrected with the same pauses as a release (`app.drift.pauses`), each object for itself. While the
correction of one waits, its target is CONTESTED."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import col, or_

from app.core.names import counted
from app.core.services import Services
from app.core.transaction import Transaction
from app.drift.pauses import next_correction
from app.drift.states import LiveDrift
from app.operations.progress import start_operation
from app.releases.status import TargetStatus
from app.resources.corrections import DRIFTS
from app.resources.drift import judge_drift
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.operations import OperationKind
from app.tables.resources import LiveResource
from app.tables.targets import Release, Target
from app.targets.codes import TargetEvent
from app.targets.correctable import CORRECTABLE
from app.targets.events import record_event
from app.targets.joins import joined
from app.targets.locking import lock_targets

_MOST = 500  # objects in one query

_CANDIDATES = (
    joined(select(LiveResource, Target, col(Deployment.id), col(Cluster.name)))
    .join(LiveResource, col(LiveResource.target_id) == Target.id)
    .where(
        col(Deployment.live_drift) == LiveDrift.CORRECT,
        col(Target.status) == TargetStatus.DEPLOYED,
        col(Target.drift_due).is_(False),
        col(Release.resource_version) == col(Target.inventory_version),
        or_(
            col(LiveResource.contested_until).is_(None),
            col(LiveResource.contested_until) <= func.clock_timestamp(),
        ),
        *DRIFTS,
        *CORRECTABLE,
    )
    .order_by(col(Deployment.id), col(Target.id), col(LiveResource.id))
    .limit(_MOST)
)


async def start_corrections(services: Services, target_ids: Iterable[int] | None = None) -> None:
    """Starts the corrections of objects that are due now, of these targets or of all."""
    statement = _CANDIDATES
    if target_ids is not None:
        statement = statement.where(col(Target.id).in_(list(target_ids)))
    rows = await services.database.rows(statement)
    for deployment_id, group in groupby(rows, key=lambda row: row[2]):
        ids = sorted({target.id for _, target, *_ in group})
        async with services.transaction() as transaction:
            await _correct(transaction, deployment_id, ids)


async def _correct(transaction: Transaction, deployment_id: int, ids: Sequence[int]) -> None:
    session = transaction.session
    deployment = await session.get(Deployment, deployment_id, with_for_update={"key_share": True})
    if deployment is None:
        return
    await lock_targets(session, col(Target.id).in_(ids))
    moment = now()
    correct: dict[int, str] = {}
    # Read again under the lock: another process may have been faster.
    rows = (await session.execute(_CANDIDATES.where(col(Target.id).in_(ids)))).all()
    for _, group in groupby(rows, key=lambda row: row[1].id):
        found = list(group)
        _, target, _, cluster_name = found[0]
        objects = [row[0] for row in found]
        pauses = {each.id: next_correction(each.corrections, each.corrected_at, moment) for each in objects}
        await _write_pauses(transaction, pauses)
        due = [each for each in objects if pauses[each.id] is None]
        waiting = [each for each in objects if pauses[each.id] is not None]
        named: dict[str, Any] = {"target": target, "deployment": deployment, "cluster_name": cluster_name}
        about = f"{deployment.release_name} on {cluster_name}"
        if due:
            correct[target.id] = cluster_name
            message = f"{_named(due)} of {about} {_differs(due)} from the release's manifest, and will be reverted."
            record_event(transaction, TargetEvent.DRIFTED, message, **named)
        if waiting:
            again = (
                "The last correction failed"
                if target.error is not None
                else f"{'It was' if len(waiting) == 1 else 'They were'} changed again after a correction"
            )
            message = f"{_named(waiting)} of {about} {_differs(waiting)} from the release's manifest. {again}; the next"
            message += " one is delayed."
            record_event(transaction, TargetEvent.CONTESTED, message, **named)
    await judge_drift(transaction, {row[1].id for row in rows})
    if correct:
        await start_operation(transaction, deployment, OperationKind.CORRECTION, correct, author=None)


async def _write_pauses(transaction: Transaction, pauses: Mapping[int, datetime | None]) -> None:
    statement = update(LiveResource).where(col(LiveResource.id).is_not(None))
    rows = [{"id": id_, "contested_until": until} for id_, until in pauses.items()]
    await transaction.session.execute(statement.execution_options(synchronize_session=None), rows)


def _named(objects: Sequence[LiveResource]) -> str:
    first = f"{objects[0].kind} {objects[0].name}"
    return first if len(objects) == 1 else f"{first} and {counted(len(objects) - 1, 'other object')}"


def _differs(objects: Sequence[LiveResource]) -> str:
    return "differs" if len(objects) == 1 else "differ"
