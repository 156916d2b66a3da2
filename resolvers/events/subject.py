"""Registers events with the API."""

from resolvers.engine.subject import Subject
from resolvers.events.queries import Queries
from resolvers.events.subscriptions import Subscriptions

SUBJECT = Subject(
    query=Queries,
    subscription=Subscriptions,
)
