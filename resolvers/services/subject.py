"""Registers services with the API. Definitions can hold anything, so the audit log masks them."""

from resolvers.engine.subject import Subject, visible
from resolvers.services.mutations import Mutations
from resolvers.services.queries import Queries
from schema.services.loaders import definition_by_id
from schema.services.types import ServiceDefinition

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    nodes={ServiceDefinition: visible(definition_by_id, ServiceDefinition.of)},
    plain_fields={"id", "organization"},
)
