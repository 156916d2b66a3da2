"""Registers plans with the API."""

from resolvers.engine.subject import Subject, visible
from resolvers.plans.mutations import Mutations
from resolvers.plans.queries import Queries
from resolvers.plans.subscriptions import Subscriptions
from schema.plans.loaders import plan_by_id
from schema.plans.types import Plan

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    subscription=Subscriptions,
    nodes={Plan: visible(plan_by_id, Plan.of)},
    plain_fields=frozenset(
        (
            *("id", "organization", "group", "cluster", "targets", "chart", "version", "releaseName", "namespace"),
            *("description", "secret", "key", "path", "paths", "kind", "cloud", "region", "distribution"),
            *("kubernetesVersion", "digest", "comment", "deployment", "condition", "allowCrdVersionRemoval"),
            *("name", "maxUnavailable", "maxConcurrent", "maxFailures", "maxDeferred", "minReady", "deadline", "soak"),
            "validFor",
            "interval",
            "apiGroup",
            "passes",
            "fails",
            "query",
            "method",
            "timeout",
            "prefix",
            "image",
        )
    ),
)
