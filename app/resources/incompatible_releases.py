"""Finds the releases with objects whose API versions a version of Kubernetes deprecates or removes, and says which of
their records can be migrated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, select, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.compatibility.incompatible import ApiState, Minor, minor_of
from app.core.facts import columns_of, fact, read
from app.core.paging import Page, Window, cursor_of, position_of
from app.core.services import Services
from app.releases.inventory import ResourceOrigin
from app.resources.compatibility import IncompatibleResource, incompatible_resource, uses
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.operations import OperationResult
from app.tables.resources import LiveResource
from app.tables.targets import Release, Target
from app.targets.joins import OPEN_RESULT, joined

_IS_BUSY: Any = exists(select(col(OperationResult.operation_id)).where(OPEN_RESULT).correlate(Target))
_KEYS: tuple[Any, ...] = (
    *(col(Cluster.name), col(ClusterGroup.name), col(Deployment.namespace)),
    *(col(Deployment.release_name), col(Target.id)),
)


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """The release of a target as last seen, and what decides whether its record can be migrated."""

    target_id: int = fact(col(Target.id))
    deployment_id: int = fact(col(Deployment.id))
    organization_id: int = fact(col(Deployment.organization_id))
    group_id: int = fact(col(Deployment.group_id))
    cluster: str = fact(col(Cluster.name))
    kubernetes_version: str = fact(col(Cluster.kubernetes_version))
    group: str = fact(col(ClusterGroup.name))
    namespace: str = fact(col(Deployment.namespace))
    release: str = fact(col(Deployment.release_name))
    claimed: bool = fact(col(Target.claimed))
    wanted: bool = fact(col(Target.wanted))
    inventory_version: str = fact(col(Target.inventory_version))
    revision: int | None = fact(col(Release.revision))
    status: str | None = fact(col(Release.status))
    resource_version: str | None = fact(col(Release.resource_version))
    is_busy: bool = fact(_IS_BUSY)


@dataclass(frozen=True, slots=True)
class IncompatibleRelease:
    """A release of a target as last seen, with its objects that have such API versions: removed ones first."""

    facts: ReleaseFacts
    objects: Sequence[IncompatibleResource]

    @property
    def name(self) -> str:
        return f"{self.facts.release} on {self.facts.cluster}"

    @property
    def obstacle(self) -> str | None:
        """Why its record cannot be migrated now, as a sentence; None if it can."""
        return _obstacle(self.facts, self.objects)


def _obstacle(found: ReleaseFacts, objects: Iterable[IncompatibleResource]) -> str | None:
    if not found.claimed:
        return "Polyhelm did not install this release."
    if not found.wanted:
        return "The release is being uninstalled."
    if found.is_busy:
        return "An operation is in progress on this release."
    if found.status != "deployed":
        return f"The newest revision is {found.status}." if found.status else "The release no longer exists."
    if found.inventory_version != found.resource_version:
        return f"The objects of revision {found.revision} are not known yet."
    removed = [each for each in objects if each.state is ApiState.REMOVED and each.origin is not ResourceOrigin.CRD]
    present = minor_of(found.kubernetes_version)
    for each in removed:
        new = each.replacement
        if new is not None and present < new.since:
            return (
                f"The cluster has Kubernetes {present}, which does not serve {new.api_version} of"
                f" {each.object.kind} {each.object.name}."
            )
    if not any(each.replacement or (each.api.removed and present >= each.api.removed) for each in removed):
        return "None of its removed API versions has a replacement." if removed else "No removed API version is in it."
    return None


def _facts(organization_id: int | None) -> Select[Any]:
    statement = joined(select(*columns_of(ReleaseFacts))).join(
        ClusterGroup, col(ClusterGroup.id) == Deployment.group_id
    )
    return statement if organization_id is None else statement.where(col(Deployment.organization_id) == organization_id)


async def incompatible_releases(
    services: Services,
    organization_id: int,
    window: Window,
    version: Minor,
    state: ApiState | None,
    cluster: str | None,
) -> Page[IncompatibleRelease]:
    """The releases with objects whose API version is in this state, or in either, by cluster and name."""
    states = [state] if state is not None else list(ApiState)
    has_objects = exists(
        select(col(LiveResource.id)).where(col(LiveResource.target_id) == Target.id, uses(version, states))
    )
    statement = _facts(organization_id).where(has_objects).order_by(*_KEYS).limit(window.first + 1)
    if cluster is not None:
        statement = statement.where(col(Cluster.name) == cluster)
    if window.after is not None:
        statement = statement.where(tuple_(*_KEYS) > position_of(window.after, _KEYS))
    async with services.database.reading() as session:
        rows = read(ReleaseFacts, (await session.execute(statement)).mappings())
        found = await _with_objects(session, rows[: window.first], version)
    cursors = [
        cursor_of(row.facts.cluster, row.facts.group, row.facts.namespace, row.facts.release, row.facts.target_id)
        for row in found
    ]
    return Page(found, cursors, len(rows) > window.first, window.after is not None)


async def facts_of(session: AsyncSession, target_ids: Iterable[int]) -> Sequence[ReleaseFacts]:
    """The releases of these targets, in the order of their ids."""
    statement = _facts(None).where(col(Target.id).in_(list(target_ids))).order_by(col(Target.id))
    return read(ReleaseFacts, (await session.execute(statement)).mappings())


async def releases_to_migrate(
    session: AsyncSession, target_ids: Iterable[int], version: Minor
) -> list[IncompatibleRelease]:
    """The same with their objects, also those without such objects."""
    return await _with_objects(session, await facts_of(session, target_ids), version)


async def _with_objects(
    session: AsyncSession, rows: Sequence[ReleaseFacts], version: Minor
) -> list[IncompatibleRelease]:
    statement = (
        select(LiveResource)
        .where(col(LiveResource.target_id).in_([row.target_id for row in rows]), uses(version, list(ApiState)))
        .order_by(col(LiveResource.kind), col(LiveResource.namespace), col(LiveResource.name), col(LiveResource.id))
    )
    by_target: dict[int, list[IncompatibleResource]] = {row.target_id: [] for row in rows}
    places = {row.target_id: (row.cluster, row.group, row.release, row.namespace) for row in rows}
    for each in (await session.execute(statement)).scalars():
        by_target[each.target_id].append(incompatible_resource(each, version, *places[each.target_id]))
    return [
        IncompatibleRelease(row, sorted(by_target[row.target_id], key=lambda each: each.state is ApiState.DEPRECATED))
        for row in rows
    ]
