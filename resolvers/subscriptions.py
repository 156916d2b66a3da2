"""The root of subscriptions: each gives the state as of now, then every change after it.

Each first follows the feed and then reads what there is, so that nothing between the two is missed; what is told twice
by that is the same twice. Objects are loaded when they are told, so that a slow subscriber gets the newest state of
what has changed, not every step between."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TypeVar

import strawberry
from sqlmodel import col, select
from strawberry.dataloader import DataLoader

from app.core.database import patiently
from app.core.errors import NotFound
from app.core.paging import position_of
from app.deployments.codes import DeploymentCode
from app.events.lists import audience, events_after
from app.fleet.services import AllServices
from app.groups.queries import group_by_name
from app.identity.viewer import Viewer
from app.operations.codes import OperationCode
from app.tables import clusters as clusters
from app.tables.events import AUDIT
from app.tables.events import Event as EventRow
from app.targets.queries import TargetFacts, targets_after
from schema.clusters import Cluster
from schema.context import Info, Loaders
from schema.deployments import Deployment, DeploymentTarget
from schema.enums import TargetStatus
from schema.events import Event
from schema.ids import row_id
from schema.operations import Operation

Row = TypeVar("Row")
Told = TypeVar("Told")

_PAGE = 500
_EVERYTHING = 0
"""A key, which no row has, for a change that may be about any."""


@strawberry.type
class Subscription:
    @strawberry.subscription(description="The deployment, now and after each change. Ends when it is deleted.")
    async def deployment(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Deployment, None]:  # noqa: A002
        number = row_id(id, "Deployment")
        found = await info.context.load.deployment_by_id.load(number)
        if found is None or not info.context.viewer.sees(found.organization_id):
            raise NotFound(DeploymentCode.DEPLOYMENT_NOT_FOUND, "There is no such deployment.", ("id",))

        def pick(event: EventRow) -> Iterable[int]:
            return (number,) if event.deployment_id == number else ()

        async with info.context.services.feed.follow(
            found.organization_id, pick, info.context.shared.prepare_deployments
        ) as follower:
            row = await _own(info).deployment_by_id.load(number)
            while row is not None:
                yield Deployment.of(row)
                row = await _fresh(info, (await follower.changed()).upto).deployment_by_id.load(number)

    @strawberry.subscription(
        description=(
            "The current targets, then each target that changes. With `status`, also targets that no longer have it."
        )
    )
    async def targets(
        self,
        info: Info,
        organization: str | None = None,
        group: str | None = None,
        deployment: strawberry.ID | None = None,
        status: list[TargetStatus] | None = None,
    ) -> AsyncGenerator[DeploymentTarget, None]:
        services, viewer = info.context.services, info.context.viewer
        organization_id = viewer.organization(organization)
        group_id = await _group_id(services, viewer, organization_id, group)
        deployment_id = None if deployment is None else row_id(deployment, "Deployment")
        matching: set[int] = set()

        def is_told(facts: TargetFacts) -> bool:
            if (group_id is not None and facts.group_id != group_id) or (
                deployment_id is not None and facts.deployment_id != deployment_id
            ):
                return False
            was = facts.id in matching
            is_now = status is None or facts.status in status
            if status is not None:
                (matching.add if is_now else matching.discard)(facts.id)
            return is_now or was

        def pick(event: EventRow) -> Iterable[int]:
            if event.subject_type != "DeploymentTarget" or event.subject_id is None:
                return ()
            return (event.subject_id,) if deployment_id in (None, event.deployment_id) else ()

        async with services.feed.follow(organization_id, pick, info.context.shared.prepare_targets) as follower:
            everything = True
            while True:
                if everything:
                    last = 0
                    while page := await _targets_after(services, organization_id, last, group_id, deployment_id):
                        for facts in filter(is_told, page):
                            _own(info)
                            yield DeploymentTarget.of(facts)
                        last = page[-1].id
                changed = await follower.changed()
                everything = changed.too_much
                load = _fresh(info, changed.upto)
                for found in await _loaded(load.target_by_id, changed.keys):
                    if found is not None and is_told(found):
                        yield _shared(load, found, DeploymentTarget.of)

    @strawberry.subscription(description="The operation, now and after each change. Ends with the operation.")
    async def operation(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Operation, None]:  # noqa: A002
        number = row_id(id, "Operation")
        found = await info.context.load.operation_by_id.load(number)
        if found is None or not info.context.viewer.sees(found.organization_id):
            raise NotFound(OperationCode.OPERATION_NOT_FOUND, "There is no such operation.", ("id",))
        deployment_id = found.deployment_id

        def pick(event: EventRow) -> Iterable[int]:
            is_it = event.subject_type == "Operation" and event.subject_id == number
            is_part = event.subject_type == "DeploymentTarget" and event.deployment_id == deployment_id
            return (number,) if is_it or is_part else ()

        async with info.context.services.feed.follow(
            found.organization_id, pick, info.context.shared.prepare_operations
        ) as follower:
            row = await _own(info).operation_by_id.load(number)
            while row is not None:
                yield Operation.of(row)
                if not row.state.is_open:
                    return
                row = await _fresh(info, (await follower.changed()).upto).operation_by_id.load(number)

    @strawberry.subscription(
        description=("The current clusters, then each cluster that changes. With `group`, also clusters that leave it.")
    )
    async def clusters(
        self, info: Info, organization: str | None = None, group: str | None = None
    ) -> AsyncGenerator[Cluster, None]:
        services, viewer = info.context.services, info.context.viewer
        organization_id = viewer.organization(organization)
        group_id = await _group_id(services, viewer, organization_id, group)
        members: set[int] = set()

        def is_told(row: clusters.Cluster) -> bool:
            was, is_now = row.id in members, group_id is None or row.group_id == group_id
            if group_id is not None:
                (members.add if is_now else members.discard)(row.id)
            return is_now or was

        def pick(event: EventRow) -> Iterable[int]:
            if event.subject_type == "ClusterGroup":
                return (_EVERYTHING,)
            return (event.cluster_id,) if event.subject_type == "Cluster" and event.cluster_id is not None else ()

        async with services.feed.follow(organization_id, pick, info.context.shared.prepare_clusters) as follower:
            everything = True
            while True:
                if everything:
                    for row in filter(is_told, await _clusters(services, organization_id)):
                        _own(info)
                        yield Cluster.of(row)
                changed = await follower.changed()
                everything = changed.too_much or _EVERYTHING in changed.keys
                load = _fresh(info, changed.upto)
                for found in await _loaded(load.cluster_by_id, [] if everything else changed.keys):
                    if found is not None and is_told(found):
                        yield _shared(load, found, Cluster.of)

    @strawberry.subscription(
        description=(
            "All events from now on, or after the given cursor, without gaps. `audit` and"
            " `installation` are as in the query `events`."
        )
    )
    async def events(
        self,
        info: Info,
        organization: str | None = None,
        after: str | None = None,
        audit: bool = False,
        installation: bool = False,
    ) -> AsyncGenerator[Event, None]:
        services = info.context.services
        organization_id = audience(info.context.viewer, organization, installation=installation, audit=audit)
        audit = audit or installation
        last = None if after is None else position_of(after, [col(EventRow.position)])[0]

        def pick(event: EventRow) -> Iterable[int]:
            return (event.position,) if audit or not event.kind.startswith(AUDIT) else ()

        async def page_after(position: int) -> Sequence[EventRow]:
            return await patiently(partial(events_after, services, organization_id, position, audit=audit))

        async with services.feed.follow(organization_id, pick) as follower:
            catches_up = last is not None
            if last is None:
                last = follower.upto
            while True:
                while catches_up and (page := await page_after(last)):
                    for row in page:
                        _own(info)
                        yield Event.of(row)
                        last = row.position
                changed = await follower.changed()
                catches_up = changed.too_much
                _fresh(info, changed.upto)
                for position, row in changed.keys.items():
                    if position > last and not catches_up:
                        yield Event.of(row)
                        last = position


def _own(info: Info) -> Loaders:
    """Has what is told next loaded anew, for this subscriber alone."""
    info.context.load = info.context.shared.own()
    return info.context.load


def _fresh(info: Info, upto: int) -> Loaders:
    """Has what is told next loaded anew, together with everybody who has seen all events up to there."""
    info.context.load = info.context.shared.of(upto)
    return info.context.load


async def _loaded(loader: DataLoader[int, Row | None], keys: Collection[int]) -> Iterable[Row | None]:
    """What has these keys. It is mostly one, for which to gather would cost more than to load."""
    if len(keys) == 1:
        return [await loader.load(key) for key in keys]
    return await loader.load_many(keys)


def _shared(load: Loaders, row: Row, make: Callable[[Row], Told]) -> Told:
    """What is made of a row, once for all who share what they load."""
    assert load.told is not None
    found = load.told.get(id(row))
    if found is None:
        # Kept with the row, so that nothing else can come to have its place in memory.
        found = load.told[id(row)] = make(row), row
    told: Told = found[0]
    return told


async def _group_id(services: AllServices, viewer: Viewer, organization_id: int, group: str | None) -> int | None:
    if group is None:
        return None
    async with services.database.reading() as session:
        return (await group_by_name(session, organization_id, group)).id


async def _targets_after(
    services: AllServices, organization_id: int, last: int, group_id: int | None, deployment_id: int | None
) -> list[TargetFacts]:
    async def look() -> list[TargetFacts]:
        async with services.database.reading() as session:
            return await targets_after(
                session, organization_id, last, group_id=group_id, deployment_id=deployment_id, limit=_PAGE
            )

    return await patiently(look)


async def _clusters(services: AllServices, organization_id: int) -> list[clusters.Cluster]:
    statement = select(clusters.Cluster).where(col(clusters.Cluster.organization_id) == organization_id)
    rows = await patiently(partial(services.database.rows, statement.order_by(col(clusters.Cluster.name))))
    return [cluster for (cluster,) in rows]
