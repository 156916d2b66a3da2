"""The drift of live objects in the database: what comparisons have found, and the state of each target."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.changes import Head
from app.clusters.service_accounts import ServiceAccount
from app.core.names import counted
from app.core.transaction import Transaction
from app.drift.rules import SavedRule
from app.drift.shown import shown
from app.drift.states import DIFFERING, DRIFTED, DriftState, LiveDrift
from app.releases.inventory import ResourceOrigin
from app.releases.release import PENDING
from app.releases.storage import secret_name
from app.resources.comparing import Comparison
from app.resources.seen import Key
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.resources import LiveResource
from app.tables.targets import Release, Target
from app.targets.codes import TargetEvent
from app.targets.events import record_event
from app.targets.joins import RELEASE_OF_TARGET, joined
from app.targets.locking import lock_targets

_MOST_LISTED = 100
_MOST_SUGGESTED = 20


# What the observer of a cluster needs


@dataclass(frozen=True)
class Compared:
    """A target whose objects are compared. `head` is the record of its release; None if there is none, it cannot be
    read, or its objects are not listed yet."""

    target_id: int
    namespace: str
    release_name: str
    live_drift: LiveDrift
    rules: tuple[SavedRule, ...]
    secret_paths: tuple[str, ...]
    account: ServiceAccount | None
    version: str
    head: Head | None


async def compared_targets(session: AsyncSession, cluster_id: int) -> dict[int, Compared]:
    """The targets on a cluster whose objects are compared, by their IDs."""
    statement = (
        select(Target, Deployment, Release, col(ClusterGroup.service_account))
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .join(ClusterGroup, col(ClusterGroup.id) == Deployment.group_id)
        .join(Release, RELEASE_OF_TARGET, isouter=True)
        .where(
            col(Target.cluster_id) == cluster_id,
            col(Target.wanted),
            col(Deployment.live_drift) != LiveDrift.OFF,
        )
    )
    found = {}
    for target, deployment, release, account in (await session.execute(statement)).all():
        head = None
        if release is not None and release.unreadable is None and release.status not in PENDING:
            names = deployment.namespace, deployment.release_name, release.revision
            if release.resource_version == target.inventory_version:
                head = Head(*names, release.status, secret_name(*names[1:]), release.resource_version)
        found[target.id] = Compared(
            target_id=target.id,
            namespace=deployment.namespace,
            release_name=deployment.release_name,
            live_drift=deployment.live_drift,
            rules=tuple(SavedRule.of(rule) for rule in deployment.live_drift_ignore),
            secret_paths=tuple(target.secret_paths),
            account=ServiceAccount.parse(account) if account else None,
            version=target.inventory_version,
            head=head,
        )
    return found


async def uncompared(session: AsyncSession, target_ids: Iterable[int]) -> set[Key]:
    """The objects of these targets that have not been compared since their manifest or the rules last changed."""
    row = LiveResource
    statement = select(*_KEY).where(
        col(row.target_id).in_(list(target_ids)),
        col(row.origin) == ResourceOrigin.MANIFEST,
        col(row.drift) == DriftState.UNKNOWN,
    )
    return {Key(*found) for found in (await session.execute(statement)).all()}


_KEY = (
    col(LiveResource.api_group),
    col(LiveResource.kind),
    col(LiveResource.namespace),
    col(LiveResource.name),
)


async def clusters_to_compare(session: AsyncSession) -> set[int]:
    """The clusters whose observers have to learn of a changed setting."""
    statement = select(col(Target.cluster_id)).where(col(Target.drift_due)).distinct()
    return set((await session.execute(statement)).scalars())


async def take_due(transaction: Transaction, cluster_id: int) -> None:
    """Notes that the observer of the cluster reads the settings of its targets now. Locks the targets."""
    statement = select(col(Target.id)).where(col(Target.cluster_id) == cluster_id, col(Target.drift_due))
    ids = list((await transaction.session.execute(statement)).scalars())
    if ids:
        await lock_targets(transaction.session, col(Target.id).in_(ids))
        await _write(transaction, ids, drift_due=False)


async def compare_again(transaction: Transaction, deployment_id: int) -> None:
    """Has all objects of a deployment compared again: its setting or its ignore rules have changed. Locks the
    targets."""
    session = transaction.session
    statement = select(col(Target.id)).where(col(Target.deployment_id) == deployment_id)
    ids = list((await session.execute(statement)).scalars())
    await lock_targets(session, col(Target.id).in_(ids))
    await session.execute(_FORGET, {"ids": ids})
    await _write(
        transaction, ids, drift_due=True, drift=DriftState.UNKNOWN, drift_since=now(), drifted=0, not_compared=0
    )


_FORGET = text("""
    UPDATE live_resource SET drift = 'UNKNOWN', drift_reason = NULL, differences = '[]', differences_left_out = 0,
        compared_version = '', corrections = 0, corrected_at = NULL, contested_until = NULL
    WHERE target_id = ANY(:ids)
""")


async def _write(transaction: Transaction, ids: list[int], **values: Any) -> None:
    statement = update(Target).where(col(Target.id).in_(ids)).values(**values)
    await transaction.session.execute(statement.execution_options(synchronize_session=False))


# What comparisons have found

_FOUND = text("""
    UPDATE live_resource r SET
        drift = given.drift, drift_reason = given.reason, differences = given.differences,
        differences_left_out = given.left_out, compared_version = given.compared, compared_at = now(),
        contested_until = CASE WHEN given.drift IN ('DRIFTED', 'MISSING') THEN r.contested_until END
    FROM jsonb_to_recordset(:rows) AS given (
        target_id bigint, api_group text, kind text, namespace text, name text, inventory text,
        drift text, reason text, differences jsonb, left_out integer, compared text
    ), target t
    WHERE r.target_id = given.target_id AND r.api_group = given.api_group AND r.kind = given.kind
        AND r.namespace = given.namespace AND r.name = given.name
        AND t.id = r.target_id AND t.inventory_version = given.inventory AND NOT t.drift_due
    RETURNING r.target_id
""").bindparams(bindparam("rows", type_=JSONB))


def found_row(of: Compared, key: Key, comparison: Comparison) -> dict[str, Any]:
    listed = shown(comparison.found)
    return {
        "target_id": of.target_id,
        "api_group": key.group,
        **{field: getattr(key, field) for field in ("kind", "namespace", "name")},
        "inventory": of.version,
        "drift": comparison.state,
        "reason": comparison.reason,
        "differences": listed.rows,
        "left_out": listed.left_out,
        "compared": comparison.version,
    }


async def write_found(transaction: Transaction, rows: list[dict[str, Any]]) -> None:
    """Stores what was found (`found_row`), and judges the targets. What was compared with another manifest than the
    present one, or by other rules, is dropped. Locks the targets."""
    await lock_targets(transaction.session, col(Target.id).in_({row["target_id"] for row in rows}))
    written = set((await transaction.session.execute(_FOUND, {"rows": rows})).scalars())
    if written:
        await judge_drift(transaction, written)


async def judge_drift(transaction: Transaction, target_ids: Iterable[int]) -> None:
    """Derives the state of targets from that of their objects, and stores it with an event if it has changed. The
    targets are locked already."""
    ids = list(target_ids)
    counts = await _counts(transaction.session, ids)
    rows = joined(select(Target, Deployment, col(Cluster.name))).where(col(Target.id).in_(ids))
    found = await transaction.session.execute(rows.execution_options(populate_existing=True))
    for target, deployment, cluster_name in found.all():
        by_state, contested = counts.get(target.id, ({}, 0))
        drifted = sum(by_state.get(state, 0) for state in DIFFERING)
        not_compared = by_state.get(DriftState.NOT_CHECKED, 0)
        if drifted:
            state = DriftState.CONTESTED if contested else DriftState.DRIFTED
        elif by_state.get(DriftState.UNKNOWN):
            state = target.drift
        else:
            state = DriftState.NOT_CHECKED if not_compared else DriftState.NONE
        values: dict[str, Any] = {"drift": state, "drifted": drifted, "not_compared": not_compared}
        if all(getattr(target, name) == value for name, value in values.items()):
            continue
        if state is not target.drift:
            values["drift_since"] = now()
            if not (state in DRIFTED and target.drift in DRIFTED):
                count = not_compared if state is DriftState.NOT_CHECKED else drifted
                _record(transaction, target, deployment, cluster_name, state, count)
        await _write(transaction, [target.id], **values)


async def _counts(session: AsyncSession, ids: list[int]) -> dict[int, tuple[dict[DriftState, int], int]]:
    """For each target, the number of its objects with each state, and of those whose correction waits."""
    row = LiveResource
    waits = func.count(col(row.contested_until))
    statement = (
        select(col(row.target_id), col(row.drift), func.count(), waits)
        .where(col(row.target_id).in_(ids), col(row.origin) == ResourceOrigin.MANIFEST)
        .group_by(col(row.target_id), col(row.drift))
    )
    counts: dict[int, tuple[dict[DriftState, int], int]] = {}
    for target_id, state, count, waiting in (await session.execute(statement)).all():
        by_state, contested = counts.get(target_id, ({}, 0))
        counts[target_id] = by_state | {state: count}, contested + waiting
    return counts


def _record(
    transaction: Transaction, target: Target, deployment: Deployment, cluster_name: str, state: DriftState, count: int
) -> None:
    about = f"{deployment.release_name} on {cluster_name}"
    if state in DRIFTED:
        differs = "differs" if count == 1 else "differ"
        message = f"{counted(count, 'object')} of {about} {differs} from the release's manifest."
    elif state is DriftState.NOT_CHECKED:
        message = f"{counted(count, 'object')} of {about} cannot be compared with the release's manifest."
    elif target.drift in DRIFTED:
        message = f"The objects of {about} no longer differ from the release's manifest."
    else:
        message = f"No object of {about} differs from the release's manifest."
    named: dict[str, Any] = {"target": target, "deployment": deployment, "cluster_name": cluster_name}
    record_event(transaction, TargetEvent.LIVE_DRIFT, message, **named, drift=state, count=count)


# What the API shows


@dataclass(frozen=True)
class TargetDifference:
    """An object of a target that is missing, or one of its fields that differs."""

    kind: str
    namespace: str
    name: str
    contested_until: datetime | None
    difference: Mapping[str, Any] | None


@dataclass(frozen=True)
class SharedDifference:
    group: str
    kind: str
    path: str
    targets: int
    changed_by: str | None


_DIFFERENCES = text("""
    SELECT target_id, kind, namespace, name, contested_until, difference FROM (
        SELECT r.target_id, r.kind, r.namespace, r.name, r.contested_until, d.difference,
            row_number() OVER (PARTITION BY r.target_id ORDER BY r.kind, r.namespace, r.name, d.place) AS number
        FROM live_resource r
        LEFT JOIN LATERAL jsonb_array_elements(r.differences) WITH ORDINALITY AS d (difference, place)
            ON d.difference->>'ignored_by' IS NULL
        WHERE r.target_id = ANY(:ids) AND r.drift IN ('DRIFTED', 'MISSING')
    ) AS numbered
    WHERE number <= :most ORDER BY target_id, number
""")
_SHARED = text("""
    WITH total AS (SELECT deployment_id, count(*) AS targets FROM target WHERE wanted GROUP BY deployment_id),
    shared AS (
        SELECT t.deployment_id, r.api_group, r.kind, d->>'path' AS path, count(DISTINCT t.id) AS targets,
            mode() WITHIN GROUP (ORDER BY d->>'changed_by') AS changed_by
        FROM live_resource r JOIN target t ON t.id = r.target_id, jsonb_array_elements(r.differences) AS d
        WHERE t.deployment_id = ANY(:ids) AND t.wanted AND r.drift = 'DRIFTED' AND d->>'ignored_by' IS NULL
        GROUP BY 1, 2, 3, 4
    )
    SELECT shared.deployment_id, api_group, kind, path, shared.targets, changed_by
    FROM shared JOIN total USING (deployment_id)
    WHERE shared.targets >= 2 AND 2 * shared.targets >= total.targets
    ORDER BY shared.targets DESC, api_group, kind, path
""")


async def differences_of(session: AsyncSession, target_ids: Iterable[int]) -> dict[int, list[TargetDifference]]:
    """For each target, the objects that are missing and the fields that differ, at most 100."""
    found: dict[int, list[TargetDifference]] = {id_: [] for id_ in target_ids}
    rows = await session.execute(_DIFFERENCES, {"ids": list(found), "most": _MOST_LISTED})
    for target_id, *row in rows:
        found[target_id].append(TargetDifference(*row))
    return found


async def shared_differences(session: AsyncSession, ids: Iterable[int]) -> dict[int, list[SharedDifference]]:
    """For each deployment, the differences that at least half of its targets have, the most frequent first."""
    found: dict[int, list[SharedDifference]] = {id_: [] for id_ in ids}
    for deployment_id, *row in await session.execute(_SHARED, {"ids": list(found)}):
        if len(found[deployment_id]) < _MOST_SUGGESTED:
            found[deployment_id].append(SharedDifference(*row))
    return found
