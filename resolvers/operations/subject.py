"""Registers operations with the API."""

from resolvers.engine.subject import Subject, visible
from resolvers.operations.mutations import Mutations
from resolvers.operations.queries import Queries
from resolvers.operations.subscriptions import Subscriptions
from schema.operations.loaders import operation_by_id
from schema.operations.types import Operation

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    subscription=Subscriptions,
    nodes={Operation: visible(operation_by_id, Operation.of)},
    plain_fields={"id", "reason"},
)
