"""Registers plans with the API."""

from resolvers.engine.subject import Subject, visible
from resolvers.plans.mutations import Mutations
from resolvers.plans.queries import Queries
from resolvers.plans.subscriptions import Subscriptions
from schema.plans.loaders import plan_by_id
from schema.plans.types import Plan
from schema.strategies.inputs import STRATEGY_FIELDS

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    subscription=Subscriptions,
    nodes={Plan: visible(plan_by_id, Plan.of)},
    plain_fields=frozenset(
        (
            *(
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
            ),
            *("description", "secret", "key", "path", "paths", "kind", "cloud", "region", "distribution"),
            *("kubernetesVersion", "digest", "comment", "deployment", "condition", "allowCrdVersionRemoval"),
            *STRATEGY_FIELDS,
        )
    ),
)
