"""Registers logs with the API."""

from resolvers.engine.subject import Subject
from resolvers.logs.queries import Queries
from resolvers.logs.subscriptions import Subscriptions

SUBJECT = Subject(query=Queries, subscription=Subscriptions)
