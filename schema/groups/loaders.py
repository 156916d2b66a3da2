"""Loaders of groups: each reads what the same field of many objects needs in one query."""

from app.groups.queries import features, members
from app.tables.clusters import Cluster
from app.tables.groups import ClusterGroup, GroupFeature
from schema.loading import Loader, by_id, many

group_by_id = by_id(ClusterGroup)
members_by_group: Loader[int, list[Cluster]] = many(members, lambda row: (row.group_id, row))
features_by_group: Loader[int, list[GroupFeature]] = many(features, lambda row: (row.group_id, row))
