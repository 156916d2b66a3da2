"""Reads targets and releases from the database, without a request to any member."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Enum,
    Result,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    select,
    tuple_,
    type_coerce,
)
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.facts import columns_of, fact, read
from app.drift.states import DriftState, LiveDrift
from app.health.health import Health
from app.releases.layers import Inputs
from app.releases.references import hidden
from app.releases.status import Reason, ReasonCode, TargetStatus
from app.tables.clusters import Cluster, Observer, Reachability
from app.tables.deployments import Deployment
from app.tables.targets import Release, Target, TargetHold
from app.targets.desired import stored_inputs
from app.targets.joins import RELEASE_OF_TARGET, joined
from app.targets.reachability import UNWATCHED, is_watched

LONGEST_UNWATCHED_SECONDS = 30.0
"""The number of seconds for which a status may be shown that no observer confirms."""

DRIFT_TYPE = Enum(DriftState, native_enum=False, length=32)
SHOWN_DRIFT = case(
    (col(Deployment.live_drift) == LiveDrift.OFF, DriftState.OFF.value),
    (col(Cluster.reachability) != Reachability.REACHABLE, DriftState.UNKNOWN.value),
    else_=cast(col(Target.drift), Text),
)
"""The state of a target's live objects, as it is shown."""
_DRIFT: Any = type_coerce(SHOWN_DRIFT, DRIFT_TYPE)
_WATCHED = is_watched(LONGEST_UNWATCHED_SECONDS)


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What the API shows of a target without further queries: plain columns, because pages of them are loaded often.

    `confirmed_at` is when this release was last observed by itself, `swept_at` when all releases of its cluster were.
    Facts about the release are None if there is none.
    """

    id: int = fact(col(Target.id))
    deployment_id: int = fact(col(Target.deployment_id))
    organization_id: int = fact(col(Cluster.organization_id))
    group_id: int = fact(col(Deployment.group_id))
    cluster_id: int = fact(col(Cluster.id))
    cluster_name: str = fact(col(Cluster.name))
    cloud: str = fact(col(Cluster.cloud))
    distribution: str = fact(col(Cluster.distribution))
    reachability: Reachability = fact(col(Cluster.reachability))
    status: TargetStatus = fact(col(Target.status))
    status_since: datetime = fact(col(Target.status_since))
    reasons: list[dict[str, Any]] = fact(col(Target.reasons))
    health: Health = fact(col(Target.health))
    health_since: datetime = fact(col(Target.health_since))
    health_reasons: list[dict[str, Any]] = fact(col(Target.health_reasons))
    left_out: int = fact(col(Target.inventory_left_out))
    drift: DriftState = fact(_DRIFT)
    drift_since: datetime = fact(col(Target.drift_since))
    drifted: int = fact(col(Target.drifted))
    not_compared: int = fact(col(Target.not_compared))
    error: dict[str, Any] | None = fact(col(Target.error))
    generation: int | None = fact(col(Target.generation))
    allowed_generation: int | None = fact(col(Target.allowed_generation))
    renewed_at: datetime | None = fact(col(Target.renewed_at))
    confirmed_at: datetime | None = fact(col(Target.observed_at))
    swept_at: datetime | None = fact(col(Cluster.confirmed_at))
    helm_status: str | None = fact(col(Release.status))
    chart_version: str | None = fact(col(Release.chart_version))
    revision: int | None = fact(col(Release.revision))
    changed_at: datetime | None = fact(col(Release.updated_at))
    is_watched: bool = fact(_WATCHED)

    @property
    def is_renewed(self) -> bool:
        """Whether the desired values have changed with the cluster after the release was last changed."""
        return self.renewed_at is not None and (self.changed_at is None or self.renewed_at > self.changed_at)

    @property
    def observed_at(self) -> datetime | None:
        """When the status was last confirmed."""
        times = [moment for moment in (self.confirmed_at, self.swept_at) if moment]
        return max(times, default=None)


# Built once: building such a statement costs as much as running it.
_FACTS: Select[*tuple[Any, ...]] = joined(select(*columns_of(TargetFacts))).join(
    Observer, col(Observer.id) == Cluster.observer_id, isouter=True
)
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_BY_DEPLOYMENT = _FACTS.where(col(Target.deployment_id).in_(_IDS)).order_by(col(Cluster.name))
_BY_CLUSTER = _FACTS.where(col(Target.cluster_id).in_(_IDS))
_BY_ID = _FACTS.where(col(Target.id).in_(_IDS))
_BY_NAMES = _FACTS.where(tuple_(col(Target.deployment_id), col(Cluster.name)).in_(bindparam("names", expanding=True)))
_INSTALLED = (
    select(col(Target.id), col(Release.values))
    .join(Deployment, col(Deployment.id) == Target.deployment_id)
    .join(Release, RELEASE_OF_TARGET)
    .where(col(Target.id).in_(_IDS), col(Release.values).is_not(None))
)
_INPUTS = select(col(Target.id), col(Target.inputs), col(Target.results), col(Target.endpoints)).where(
    col(Target.id).in_(_IDS)
)


async def target_holds(session: AsyncSession, target_ids: Iterable[int]) -> dict[int, TargetHold]:
    """The holds on these targets, by the target's id."""
    statement = select(TargetHold).where(col(TargetHold.target_id).in_(list(target_ids)))
    return {row.target_id: row for row in (await session.execute(statement)).scalars()}


async def targets_of(session: AsyncSession, deployment_ids: Iterable[int]) -> list[TargetFacts]:
    """All targets of these deployments, in the order of the clusters' names."""
    return _facts(await session.execute(_BY_DEPLOYMENT, {"ids": list(deployment_ids)}))


async def targets_on(session: AsyncSession, cluster_ids: Iterable[int]) -> list[TargetFacts]:
    """All targets on these clusters, in any order."""
    return _facts(await session.execute(_BY_CLUSTER, {"ids": list(cluster_ids)}))


async def targets_by_id(session: AsyncSession, ids: Iterable[int]) -> dict[int, TargetFacts]:
    return {facts.id: facts for facts in _facts(await session.execute(_BY_ID, {"ids": list(ids)}))}


async def targets_by_name(
    session: AsyncSession, names: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], TargetFacts]:
    """The targets with these deployments and these names of clusters."""
    rows = await session.execute(_BY_NAMES, {"names": list(names)})
    return {(facts.deployment_id, facts.cluster_name): facts for facts in _facts(rows)}


async def targets_after(
    session: AsyncSession,
    organization_id: int,
    target_id: int,
    *,
    group_id: int | None,
    deployment_id: int | None,
    limit: int,
) -> list[TargetFacts]:
    """The next targets of an organization, in the order of their ids."""
    statement = _FACTS.where(col(Cluster.organization_id) == organization_id, col(Target.id) > target_id)
    if group_id is not None:
        statement = statement.where(col(Deployment.group_id) == group_id)
    if deployment_id is not None:
        statement = statement.where(col(Target.deployment_id) == deployment_id)
    return _facts(await session.execute(statement.order_by(col(Target.id)).limit(limit)))


def _facts(rows: Result[*tuple[Any, ...]]) -> list[TargetFacts]:
    return [_shown(facts) for facts in read(TargetFacts, rows.mappings())]


def _shown(facts: TargetFacts) -> TargetFacts:
    """Hides a status that no observer confirms, even if the database does not show this yet."""
    if facts.is_watched or facts.status is TargetStatus.UNKNOWN:
        return facts
    return replace(
        facts,
        status=TargetStatus.UNKNOWN,
        reasons=[asdict(Reason(ReasonCode.UNREACHABLE, UNWATCHED))],
        health=Health.UNKNOWN,
        health_reasons=[],
        drift=facts.drift if facts.drift is DriftState.OFF else DriftState.UNKNOWN,
    )


async def installed_values(session: AsyncSession, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The values of each target's release, if there is one, with those that come from secrets hidden. They can be
    large, so they are loaded only on request."""
    return {row[0]: hidden(row[1]) for row in await session.execute(_INSTALLED, {"ids": list(ids)})}


async def target_inputs(session: AsyncSession, ids: Iterable[int]) -> dict[int, Inputs]:
    """What the desired values of each target depend on, apart from the revision."""
    found = {id_: Inputs() for id_ in ids}
    for row in await session.execute(_INPUTS, {"ids": list(found)}):
        found[row[0]] = stored_inputs(row[1], row[2], row[3])
    return found


async def releases_on(session: AsyncSession, cluster_ids: Iterable[int]) -> list[tuple[Release, int | None]]:
    """All releases on these clusters, each with the id of the deployment that manages it, if one does."""
    managed = and_(col(Target.cluster_id) == Release.cluster_id, col(Target.claimed))
    statement = (
        select(Release, col(Deployment.id))
        .join(
            Deployment,
            and_(
                col(Deployment.namespace) == Release.namespace,
                col(Deployment.release_name) == Release.name,
                select(col(Target.id)).where(managed, col(Target.deployment_id) == Deployment.id).exists(),
            ),
            isouter=True,
        )
        .where(col(Release.cluster_id).in_(list(cluster_ids)))
        .order_by(col(Release.namespace), col(Release.name))
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]


async def targets_with_clusters(session: AsyncSession, deployment_id: int) -> list[tuple[Target, Cluster]]:
    """All targets, orphans included, with their clusters, in the order of the clusters' names."""
    statement = (
        select(Target, Cluster)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(Target.deployment_id) == deployment_id)
        .order_by(col(Cluster.name))
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]
