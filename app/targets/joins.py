"""A target with what it is about: its deployment, its cluster, the release that is there, the work that is open."""

from typing import Any, TypeVar

from sqlalchemy import Select, and_
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
"""Work that is still to be done on a target."""

PRESENT_REVISION = and_(
    col(DeploymentRevision.deployment_id) == Deployment.id,
    col(DeploymentRevision.generation) == Deployment.generation,
)


def joined(statement: Selection) -> Selection:
    """A selection from targets, with columns of all four; those of the release are null where there is none."""
    return (
        statement.join(Deployment, col(Deployment.id) == Target.deployment_id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .join(Release, RELEASE_OF_TARGET, isouter=True)
    )
