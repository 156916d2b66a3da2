"""The health of a target: the worst health of its resources, with the resources that cause it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select, update
from sqlmodel import col

from app.core.transaction import Transaction
from app.health.health import WORST_FIRST, Health
from app.jobs.rollouts import wake_rollouts
from app.releases.inventory import ResourceOrigin
from app.tables.clusters import Cluster, Reachability
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.resources import LiveResource
from app.tables.targets import Release, Target
from app.targets.codes import TargetEvent
from app.targets.events import record_event
from app.targets.joins import joined
from app.targets.locking import lock_targets
from app.targets.waits import review_waiting

MOST_REASONS = 10
"""The maximum number of unhealthy resources that are stored with a target as the reasons for its health."""

_RANK = case({health: rank for rank, health in enumerate(WORST_FIRST)}, value=col(LiveResource.health))
_REASONS = ("kind", "namespace", "name", "health", "reason", "message")


@dataclass(frozen=True, slots=True)
class TargetHealth:
    health: Health
    reasons: list[dict[str, Any]]

    @property
    def outline(self) -> tuple[Health, list[tuple[Any, ...]]]:
        """The part of the health whose change makes an event. Messages with counts of pods change all the time."""
        return self.health, [(each["kind"], each["namespace"], each["name"], each["reason"]) for each in self.reasons]


async def judge_health(transaction: Transaction, target_ids: Iterable[int]) -> None:
    """Derives the health of targets, and stores it with an event if it has changed. Locks the targets.

    Without a release, and on an unreachable cluster, the health follows from the status (`app.targets.judging`) and is
    left alone here."""
    ids = sorted(set(target_ids))
    session = transaction.session
    await lock_targets(session, col(Target.id).in_(ids))
    rows = joined(select(Target, Deployment, col(Cluster.name), Release)).where(
        col(Target.id).in_(ids), col(Cluster.reachability) == Reachability.REACHABLE, col(Release.name).is_not(None)
    )
    found = (await session.execute(rows.execution_options(populate_existing=True))).all()
    judged = [target for target, *_ in found]
    unhealthy = await _unhealthy(transaction, [target.id for target in judged])
    checked = await _checked(transaction, [target.id for target in judged])
    changed: set[int] = set()
    concerned = set[int | None]()
    for target, deployment, cluster_name, release in found:
        health = _judge(target, release, unhealthy.get(target.id, []), checked.get(target.id, False))
        known = TargetHealth(target.health, target.health_reasons)
        if health == known:
            continue
        values: dict[str, Any] = {"health": health.health, "health_reasons": health.reasons}
        if health.health is not known.health:
            values["health_since"] = now()
            changed.add(target.cluster_id)
            concerned.add(target.rollout_id)
        if health.outline != known.outline:
            _record(transaction, target, deployment, cluster_name, health)
        statement = update(Target).where(col(Target.id) == target.id).values(**values)
        await session.execute(statement.execution_options(synchronize_session=False))
    await review_waiting(transaction, changed)
    await wake_rollouts(transaction, concerned)


def _judge(target: Target, release: Release, unhealthy: list[dict[str, Any]], has_checked: bool) -> TargetHealth:
    if target.inventory_version != release.resource_version and not target.inventory_version:
        return TargetHealth(Health.UNKNOWN, [])
    if release.unreadable is not None:
        return TargetHealth(Health.UNKNOWN, [_reason("Release", release, release.unreadable)])
    reasons = [{field: each[field] for field in _REASONS} for each in unhealthy]
    checked = [each for each in unhealthy if each["is_checked"]]
    if checked:
        return TargetHealth(Health(checked[0]["health"]), reasons)
    return TargetHealth(Health.HEALTHY if has_checked or not unhealthy else Health.UNKNOWN, reasons)


def _reason(kind: str, release: Release, message: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "namespace": release.namespace,
        "name": release.name,
        "health": Health.UNKNOWN,
        "reason": "RecordUnreadable",
        "message": message,
    }


async def _unhealthy(transaction: Transaction, ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """The worst of the resources that are not healthy, by target. Resources that cannot be checked come last."""
    row = LiveResource
    order = (col(row.is_checked).desc(), _RANK, col(row.kind), col(row.namespace), col(row.name))
    ranked = (
        select(
            *(col(row.target_id), col(row.is_checked), *(getattr(row, field) for field in _REASONS)),
            func.row_number().over(partition_by=col(row.target_id), order_by=order).label("place"),
        )
        .where(
            col(row.target_id).in_(ids),
            col(row.origin) != ResourceOrigin.HOOK,
            col(row.health) != Health.HEALTHY,
        )
        .subquery()
    )
    statement = select(ranked).where(ranked.c.place <= MOST_REASONS).order_by(ranked.c.target_id, ranked.c.place)
    found: dict[int, list[dict[str, Any]]] = {}
    for each in (await transaction.session.execute(statement)).mappings():
        found.setdefault(each["target_id"], []).append(dict(each))
    return found


async def _checked(transaction: Transaction, ids: list[int]) -> dict[int, bool]:
    row = LiveResource
    statement = (
        select(col(row.target_id), func.bool_or(col(row.is_checked)))
        .where(col(row.target_id).in_(ids), col(row.origin) != ResourceOrigin.HOOK)
        .group_by(col(row.target_id))
    )
    return {row[0]: row[1] for row in (await transaction.session.execute(statement)).all()}


def _record(
    transaction: Transaction, target: Target, deployment: Deployment, cluster_name: str, found: TargetHealth
) -> None:
    why = ""
    if found.reasons:
        first = found.reasons[0]
        why = f" {first['kind']} {first['name']}: {first['message'] or first['reason'] or first['health']}"
    record_event(
        transaction,
        TargetEvent.HEALTH,
        f"{deployment.release_name} on {cluster_name} is {found.health}.{why}",
        target=target,
        deployment=deployment,
        cluster_name=cluster_name,
        was=target.health,
        health=found.health,
    )
