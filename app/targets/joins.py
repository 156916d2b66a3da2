"""Joins a target with its deployment, its cluster, its release and its open work."""

from typing import Any, TypeVar

from sqlalchemy import Select, and_, func
from sqlmodel import col

from app.tables.clusters import Cluster
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.operations import OperationResult
from app.tables.states import OPEN
from app.tables.targets import Release, Target

Selection = TypeVar("Selection", bound=Select[*tuple[Any, ...]])

RELEASE_OF_TARGET = and_(
    col(Release.cluster_id) == Target.cluster_id,
    col(Release.namespace) == Deployment.namespace,
    col(Release.name) == Deployment.release_name,
)

OPEN_RESULT = and_(col(OperationResult.target_id) == Target.id, col(OperationResult.state).in_(OPEN))
"""Open work on a target."""

GENERATION = func.coalesce(col(Target.allowed_generation), col(Deployment.generation))
"""The generation that a target is compared with: the one that it may have, or the deployment's if it may have none."""

REVISION_OF_TARGET = and_(
    col(DeploymentRevision.deployment_id) == Deployment.id,
    col(DeploymentRevision.generation) == GENERATION,
)


def joined(statement: Selection) -> Selection:
    """A selection from targets, joined with their deployments, clusters and releases. The columns of the release are
    null if there is none."""
    return (
        statement.join(Deployment, col(Deployment.id) == Target.deployment_id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .join(Release, RELEASE_OF_TARGET, isouter=True)
    )
