"""Registers secrets with the API."""

from resolvers.engine.subject import Subject, visible
from resolvers.secrets.mutations import Mutations
from resolvers.secrets.queries import Queries
from schema.secrets.loaders import secret_by_id
from schema.secrets.types import Secret

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    nodes={Secret: visible(secret_by_id, Secret.of)},
    plain_fields={"id", "name", "organization", "group", "description"},
)
