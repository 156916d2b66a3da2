"""Registers resources with the API."""

from resolvers.engine.subject import Subject
from resolvers.resources.queries import Queries

SUBJECT = Subject(query=Queries)
