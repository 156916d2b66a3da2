"""Sends clusters and their changes."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from functools import partial

import strawberry
from sqlmodel import col, select

from app.core.database import patiently
from app.fleet.services import AllServices
from app.tables import clusters, groups
from app.tables.events import Event as EventRow
from resolvers.engine import following
from resolvers.engine.following import Selection, fresh, loaded, own, shared
from schema.clusters.loaders import cluster_by_id
from schema.clusters.types import Cluster
from schema.context import Info

_EVERYTHING = 0
"""A key, which no row has, for a change that may be about any."""


@strawberry.type
class Subscriptions:
    @strawberry.subscription(
        description=("The current clusters, then each cluster that changes. With `group`, also clusters that leave it.")
    )
    async def clusters(
        self, info: Info, organization: str | None = None, group: str | None = None
    ) -> AsyncGenerator[Cluster, None]:
        services, viewer = info.context.services, info.context.viewer
        organization_id = viewer.organization(organization)
        group_id = await following.group_id(services, viewer, organization_id, group)
        selection = Selection(condition=group_id is not None)

        def selected(found: Iterable[clusters.Cluster | None]) -> Iterator[clusters.Cluster]:
            for row in found:
                if row is not None and selection.update(row.id, matches=group_id in (None, row.group_id)):
                    yield row

        def pick(event: EventRow) -> Iterable[int]:
            if event.is_about(groups.ClusterGroup):
                return (_EVERYTHING,)
            return (event.cluster_id,) if event.is_about(clusters.Cluster) and event.cluster_id is not None else ()

        async with services.feed.follow(
            organization_id, pick, info.context.shared.preparing(cluster_by_id)
        ) as follower:
            everything = True
            while True:
                if everything:
                    for row in selected(await _clusters(services, organization_id)):
                        own(info)
                        yield Cluster.of(row)
                changed = await follower.changed()
                everything = changed.too_much or _EVERYTHING in changed.keys
                load = fresh(info, changed.upto)
                for row in selected(await loaded(load[cluster_by_id], [] if everything else changed.keys)):
                    yield shared(load, row, Cluster.of)


async def _clusters(services: AllServices, organization_id: int) -> list[clusters.Cluster]:
    statement = select(clusters.Cluster).where(col(clusters.Cluster.organization_id) == organization_id)
    rows = await patiently(partial(services.database.rows, statement.order_by(col(clusters.Cluster.name))))
    return [cluster for (cluster,) in rows]
