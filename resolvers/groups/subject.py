"""Registers cluster groups with the API."""

from resolvers.engine.subject import Subject, visible
from resolvers.groups.mutations import Mutations
from resolvers.groups.queries import Queries
from schema.groups.loaders import group_by_id
from schema.groups.types import ClusterGroup

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    nodes={ClusterGroup: visible(group_by_id, ClusterGroup.of)},
    plain_fields=frozenset(
        ("id", "name", "organization", "group", "members", "feature", "allowedNamespaces", "serviceAccount")
    ),
)
