"""Registers rollouts with the API."""

from resolvers.engine.subject import Subject, visible
from resolvers.rollouts.mutations import Mutations
from resolvers.rollouts.queries import Queries
from resolvers.rollouts.subscriptions import Subscriptions
from schema.rollouts.gates import GATE_TYPES
from schema.rollouts.loaders import rollout_by_id
from schema.rollouts.types import Rollout

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    subscription=Subscriptions,
    nodes={Rollout: visible(rollout_by_id, Rollout.of)},
    types=GATE_TYPES,
    plain_fields=frozenset(("id", "rollout", "deployment", "cluster", "check", "digest", "comment", "reason")),
)
