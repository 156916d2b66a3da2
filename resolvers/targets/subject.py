"""Registers targets with the API."""

from resolvers.engine.subject import Subject, visible
from resolvers.targets.queries import Queries
from resolvers.targets.subscriptions import Subscriptions
from schema.targets.loaders import target_by_id
from schema.targets.types import DeploymentTarget

SUBJECT = Subject(
    query=Queries,
    subscription=Subscriptions,
    nodes={DeploymentTarget: visible(target_by_id, DeploymentTarget.of)},
)
