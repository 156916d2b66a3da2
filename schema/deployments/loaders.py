"""Loaders of deployments: each reads what the same field of many objects needs in one query."""

from app.deployments.dependencies import dependencies_of, dependents_of
from app.deployments.queries import revisions
from app.tables.deployments import Deployment
from schema.loading import by_id, existing

deployment_by_id = by_id(Deployment)
revision_by_deployment = existing(revisions)
"""By the deployment's number and the generation."""
dependencies_by_deployment = existing(dependencies_of)
dependents_by_deployment = existing(dependents_of)
