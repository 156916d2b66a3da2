"""Registers deployments with the API."""

from resolvers.deployments.mutations import Mutations
from resolvers.deployments.queries import Queries
from resolvers.deployments.subscriptions import Subscriptions
from resolvers.engine.subject import Subject, visible
from schema.deployments.loaders import deployment_by_id
from schema.deployments.types import Deployment
from schema.strategies.inputs import STRATEGY_FIELDS

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    subscription=Subscriptions,
    nodes={Deployment: visible(deployment_by_id, Deployment.of)},
    plain_fields=frozenset(
        (
            "id",
            "source",
            "organization",
            "group",
            "cluster",
            "targets",
            "chart",
            "version",
            "releaseName",
            "namespace",
            "description",
            "secret",
            "key",
            "path",
            "paths",
            "kind",
            "cloud",
            "region",
            "distribution",
            "kubernetesVersion",
            "deployment",
            "condition",
            "allowCrdVersionRemoval",
            *STRATEGY_FIELDS,
        )
    ),
)
