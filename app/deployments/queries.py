"""Reads deployments from the database, without requests to members."""

from collections.abc import Sequence

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import NotFound
from app.deployments.codes import DeploymentCode
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.deployments import Deployment, DeploymentRevision


async def find_deployment(
    session: AsyncSession, viewer: Viewer, deployment_id: int, permission: Permission
) -> Deployment:
    """Raises NotFound if the viewer sees no deployment with this id, and Forbidden without the permission."""
    deployment = await session.get(Deployment, deployment_id)
    if deployment is None or not viewer.sees(deployment.organization_id):
        raise NotFound(DeploymentCode.DEPLOYMENT_NOT_FOUND, "There is no such deployment.", ("id",))
    viewer.require(deployment.organization_id, permission, group_id=deployment.group_id)
    return deployment


async def current(session: AsyncSession, deployment: Deployment) -> DeploymentRevision:
    """The revision of the deployment's present generation."""
    revision = await session.get(DeploymentRevision, (deployment.id, deployment.generation))
    assert revision is not None
    return revision


async def revisions(
    session: AsyncSession, keys: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], DeploymentRevision]:
    """Revisions, by deployment and generation."""
    statement = select(DeploymentRevision).where(
        tuple_(col(DeploymentRevision.deployment_id), col(DeploymentRevision.generation)).in_(keys)
    )
    return {(row.deployment_id, row.generation): row for row in (await session.exec(statement)).all()}
