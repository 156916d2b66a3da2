"""Corrections of live objects in the database: which objects are due, and what was done to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.objects import ObjectType
from app.core.transaction import Transaction
from app.drift.pauses import PEACE, next_correction
from app.drift.states import DIFFERING, DriftState
from app.releases.inventory import ResourceOrigin
from app.resources.drift import judge_drift
from app.resources.seen import Key
from app.tables.columns import now
from app.tables.resources import LiveResource
from app.tables.targets import Target
from app.targets.judging import judge_targets
from app.targets.locking import lock_targets

_MOST = 20

DRIFTS: tuple[ColumnElement[bool], ...] = (
    col(LiveResource.origin) == ResourceOrigin.MANIFEST,
    col(LiveResource.drift).in_(DIFFERING),
)
"""Conditions for an object that a correction would change."""


@dataclass(frozen=True)
class DueObject:
    """An object that is to be corrected, with the state and the resource version that a comparison has found."""

    id: int
    key: Key
    kind: ObjectType
    drift: DriftState
    version: str


async def due_objects(session: AsyncSession, target_id: int, record: str) -> list[DueObject]:
    """The next objects of a target that are to be corrected now, according to a comparison with the release's record
    in this version."""
    row = LiveResource
    statement = (
        select(row)
        .join(Target, col(Target.id) == row.target_id)
        .where(col(Target.id) == target_id, col(Target.inventory_version) == record)
        .where(col(Target.drift_due).is_(False), *DRIFTS, col(row.contested_until).is_(None))
        .order_by(col(row.id))
    )
    moment = now()
    found = []
    for each in (await session.execute(statement)).scalars():
        if next_correction(each.corrections, each.corrected_at, moment) is None:
            key = Key(each.api_group, each.kind, each.namespace, each.name)
            kind = ObjectType(each.api_group, each.api_version, each.kind, each.plural, bool(each.namespace))
            found.append(DueObject(each.id, key, kind, each.drift, each.compared_version))
    return found[:_MOST]


# An object that the observer has compared since is left as the observer has found it.
_CORRECTED = text("""
    UPDATE live_resource r SET
        corrections = CASE WHEN NOT given.tried THEN r.corrections WHEN r.corrected_at > :peace THEN r.corrections + 1
            ELSE 1 END,
        corrected_at = CASE WHEN given.tried THEN :moment ELSE r.corrected_at END,
        drift = CASE WHEN given.settled THEN 'UNKNOWN' ELSE r.drift END,
        differences = CASE WHEN given.settled THEN '[]'::jsonb ELSE r.differences END,
        differences_left_out = CASE WHEN given.settled THEN 0 ELSE r.differences_left_out END,
        compared_version = CASE WHEN given.settled THEN '' ELSE r.compared_version END
    FROM (
        SELECT given.id, given.tried, given.settled AND r.drift = given.drift
            AND r.compared_version = given.version AS settled
        FROM jsonb_to_recordset(:rows) AS given (id bigint, tried boolean, settled boolean, drift text, version text)
        JOIN live_resource r ON r.id = given.id
    ) AS given
    WHERE r.id = given.id
""").bindparams(bindparam("rows", type_=JSONB))


async def note_corrected(
    transaction: Transaction, target_id: int, done: Sequence[tuple[DueObject, Mapping[str, bool]]]
) -> None:
    """Stores what was done to objects: whether a correction was `tried`, and whether the object is `settled`, which a
    comparison has to confirm. The caller has locked the target."""
    moment = now()
    rows = [{"id": due.id, "drift": due.drift, "version": due.version, **outcome} for due, outcome in done]
    given = {"rows": rows, "moment": moment, "peace": moment - PEACE}
    await transaction.session.execute(_CORRECTED, given)
    await judge_drift(transaction, [target_id])


async def end_contests(transaction: Transaction, target_ids: Iterable[int]) -> None:
    """Has whatever differs corrected at once, because a user has acted. Locks the targets."""
    ids = list(target_ids)
    session = transaction.session
    await lock_targets(session, col(Target.id).in_(ids))
    releases = update(Target).where(col(Target.id).in_(ids), col(Target.corrections) > 0)
    objects = update(LiveResource).where(col(LiveResource.target_id).in_(ids), col(LiveResource.corrections) > 0)
    if changed := await _reset(session, releases.returning(col(Target.id))):
        await judge_targets(transaction, target_ids=changed)
    if changed := await _reset(session, objects.returning(col(LiveResource.target_id))):
        await judge_drift(transaction, changed)


async def _reset(session: AsyncSession, statement: ReturningUpdate[int]) -> set[int]:
    values: dict[str, Any] = {"corrections": 0, "corrected_at": None, "contested_until": None}
    found = await session.execute(statement.values(**values).execution_options(synchronize_session=False))
    return set(found.scalars())
