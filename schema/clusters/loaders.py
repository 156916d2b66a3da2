"""Loaders of clusters: each reads what the same field of many objects needs in one query."""

from app.tables.clusters import Cluster
from app.tables.targets import Release
from app.targets.queries import releases_on
from schema.loading import Loader, by_id, many

cluster_by_id = by_id(Cluster)
releases_by_cluster: Loader[int, list[tuple[Release, int | None]]] = many(
    releases_on, lambda pair: (pair[0].cluster_id, pair)
)
