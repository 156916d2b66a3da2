"""Registers API compatibility with the API."""

from resolvers.compatibility.mutations import Mutations
from resolvers.compatibility.queries import Queries
from resolvers.engine.subject import Subject

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    plain_fields={"kubernetesVersion", "target"},
)
