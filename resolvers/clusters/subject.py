"""Registers clusters with the API."""

from resolvers.clusters.mutations import Mutations
from resolvers.clusters.queries import Queries
from resolvers.clusters.subscriptions import Subscriptions
from resolvers.engine.subject import Subject, visible
from schema.clusters.loaders import cluster_by_id
from schema.clusters.types import Cluster

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    subscription=Subscriptions,
    nodes={Cluster: visible(cluster_by_id, Cluster.of)},
    plain_fields={"id", "name", "organization", "cloud", "distribution", "region", "context", "uid"},
)
