"""Reads resources from the database, without a request to any member."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, or_, select, tuple_
from sqlmodel import col

from app.core.errors import invalid
from app.core.paging import Page, Window, cursor_of, position_of
from app.core.searching import bounded
from app.core.services import Services
from app.drift.states import DriftState, LiveDrift
from app.health.health import Health
from app.registers.common import CommonCode
from app.releases.inventory import ResourceOrigin
from app.tables.clusters import Cluster, Observer, Reachability
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.resources import LiveResource
from app.tables.targets import Target
from app.targets.queries import LONGEST_UNWATCHED_SECONDS
from app.targets.reachability import UNWATCHED, is_watched


@dataclass(frozen=True, slots=True)
class ResourceFacts:
    """A resource with what it belongs to. Nothing is known about a resource on an unreachable cluster."""

    row: LiveResource
    cluster_name: str
    is_known: bool
    is_compared: bool = False

    @property
    def drift(self) -> DriftState:
        if not self.is_compared or self.row.origin is not ResourceOrigin.MANIFEST:
            return DriftState.OFF
        return self.row.drift if self.is_known else DriftState.UNKNOWN

    @property
    def shows_differences(self) -> bool:
        return self.drift in (DriftState.DRIFTED, DriftState.NONE)

    @property
    def health(self) -> Health:
        return self.row.health if self.is_known else Health.UNKNOWN

    @property
    def reason(self) -> str | None:
        return self.row.reason if self.is_known else "Unreachable"

    @property
    def message(self) -> str | None:
        return self.row.message if self.is_known else UNWATCHED


@dataclass(frozen=True)
class ResourceFilter:
    """A condition that is None matches everything. In `image`, `host` and `name`, `*` stands for any characters."""

    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    image: str | None = None
    host: str | None = None
    cluster: str | None = None
    group: str | None = None
    release: str | None = None
    health: Sequence[Health] | None = None
    drift: Sequence[DriftState] | None = None


_KNOWN = (col(Cluster.reachability) == Reachability.REACHABLE) & is_watched(LONGEST_UNWATCHED_SECONDS)
_HEALTH = case((_KNOWN, cast(col(LiveResource.health), Text)), else_=Health.UNKNOWN.value)
_COMPARED = col(Deployment.live_drift) != LiveDrift.OFF
_DRIFT = case(
    (~_COMPARED | (col(LiveResource.origin) != ResourceOrigin.MANIFEST), DriftState.OFF.value),
    (_KNOWN, cast(col(LiveResource.drift), Text)),
    else_=DriftState.UNKNOWN.value,
)
_KEYS: tuple[Any, ...] = (
    col(LiveResource.kind),
    col(LiveResource.namespace),
    col(LiveResource.name),
    col(LiveResource.id),
)


async def resources_of(
    services: Services,
    target_id: int,
    window: Window,
    health: Sequence[Health] | None = None,
    drift: Sequence[DriftState] | None = None,
) -> Page[ResourceFacts]:
    """The resources of a target, by kind, namespace and name."""
    wanted: list[ColumnElement[bool]] = [col(LiveResource.target_id) == target_id]
    if health is not None:
        wanted.append(_HEALTH.in_([each.value for each in health]))
    if drift is not None:
        wanted.append(_DRIFT.in_([each.value for each in drift]))
    return await _page(services, wanted, window)


async def rows_of(services: Services, target_id: int) -> list[LiveResource]:
    """All resources of a target, by kind, namespace and name. A release has a bounded number of them."""
    statement = select(LiveResource).where(col(LiveResource.target_id) == target_id).order_by(*_KEYS)
    async with services.database.reading() as session:
        return list((await session.execute(statement)).scalars().all())


async def find_resources(
    services: Services, organization_id: int, window: Window, chosen: ResourceFilter
) -> Page[ResourceFacts]:
    """The resources of an organization that match a filter, by kind, namespace and name."""
    row = LiveResource
    wanted: list[ColumnElement[bool]] = [col(Deployment.organization_id) == organization_id]
    named = (
        (row.kind, chosen.kind),
        (row.namespace, chosen.namespace),
        (Cluster.name, chosen.cluster),
        (Deployment.release_name, chosen.release),
    )
    for column, text in named:
        if text is not None:
            wanted.append(col(column) == text)
    if chosen.name is not None:
        wanted.append(col(row.name).like(_pattern(chosen.name, "name"), escape="\\"))
    if chosen.image is not None:
        wanted.append(_any_of(row.images, _pattern(chosen.image, "image")))
    if chosen.host is not None:
        pattern = _pattern(chosen.host, "host")
        wanted.append(or_(_any_of(row.hosts, pattern), _any_of(row.addresses, pattern)))
    if chosen.group is not None:
        groups = select(col(ClusterGroup.id)).where(
            col(ClusterGroup.organization_id) == organization_id, col(ClusterGroup.name) == chosen.group
        )
        wanted.append(col(Deployment.group_id).in_(groups))
    if chosen.health is not None:
        wanted.append(_HEALTH.in_([each.value for each in chosen.health]))
    if chosen.drift is not None:
        wanted.append(_DRIFT.in_([each.value for each in chosen.drift]))
    return await _page(services, wanted, window)


async def _page(services: Services, wanted: list[ColumnElement[bool]], window: Window) -> Page[ResourceFacts]:
    statement = (
        select(LiveResource, col(Cluster.name), _KNOWN, _COMPARED)
        .join(Target, col(Target.id) == LiveResource.target_id)
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .join(Observer, col(Observer.id) == Cluster.observer_id, isouter=True)
        .where(*wanted)
    )
    if window.after is not None:
        statement = statement.where(tuple_(*_KEYS) > position_of(window.after, _KEYS))
    async with services.database.reading() as session:
        rows = (await session.execute(statement.order_by(*_KEYS).limit(window.first + 1))).all()
    found = [ResourceFacts(*row) for row in rows[: window.first]]
    cursors = [cursor_of(*(getattr(facts.row, key.key) for key in _KEYS)) for facts in found]
    return Page(found, cursors, len(rows) > window.first, window.after is not None)


def _pattern(text: str, at: str) -> str:
    """The LIKE pattern of a text in which `*` stands for any characters."""
    if "\0" in text:
        raise invalid(CommonCode.INVALID_INPUT, "A name cannot contain U+0000.", "filter", at)
    escaped = bounded(text, at).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")


def _any_of(column: Any, pattern: str) -> ColumnElement[bool]:
    """Whether one of the texts in a list matches the pattern."""
    each = func.jsonb_array_elements_text(col(column)).table_valued("value")
    return select(1).select_from(each).where(each.c.value.like(pattern, escape="\\")).exists()
