"""Registers the fleet with the API."""

from resolvers.engine.subject import Subject
from resolvers.fleet.queries import Queries

SUBJECT = Subject(
    query=Queries,
)
