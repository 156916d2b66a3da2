"""Registers resources with the API."""

from resolvers.engine.subject import Subject, visible
from resolvers.resources.mutations import Mutations
from resolvers.resources.queries import Queries
from schema.resources.health_rules import HealthRule
from schema.resources.loaders import health_rule_by_id

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    nodes={HealthRule: visible(health_rule_by_id, HealthRule.of)},
    plain_fields={
        *("id", "organization", "group", "kind"),
        *("current", "inProgress", "failed", "suspended", "reason", "message"),
    },
)
