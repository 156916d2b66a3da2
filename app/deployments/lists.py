"""Lists of deployments, their revisions and their operations, in pages."""

from collections.abc import Sequence

from sqlmodel import col, select

from app.core.paging import Page, Window, fetch_page
from app.core.searching import mentions
from app.core.services import Services
from app.releases.status import TargetStatus
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.operations import Operation
from app.tables.targets import Target


async def deployments_page(
    services: Services,
    organization_id: int,
    window: Window,
    *,
    group_id: int | None = None,
    group: str | None = None,
    status: Sequence[TargetStatus] | None = None,
    search: str | None = None,
) -> Page[Deployment]:
    """Deployments, newest first: of one group, with a target in one of these statuses, with a text in name or chart."""
    statement = select(Deployment).where(col(Deployment.organization_id) == organization_id)
    if group_id is not None:
        statement = statement.where(col(Deployment.group_id) == group_id)
    if group is not None:
        named = select(ClusterGroup.id).where(
            col(ClusterGroup.organization_id) == organization_id, col(ClusterGroup.name) == group
        )
        statement = statement.where(col(Deployment.group_id).in_(named))
    if status is not None:
        has_one = select(Target.id).where(
            col(Target.deployment_id) == Deployment.id, col(Target.status).in_(list(status))
        )
        statement = statement.where(has_one.exists())
    if search:
        statement = statement.where(mentions(search, Deployment.release_name, Deployment.chart))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Deployment.id)], window, descending=True)


async def history_page(services: Services, deployment_id: int, window: Window) -> Page[DeploymentRevision]:
    """The revisions of a deployment, newest first."""
    statement = select(DeploymentRevision).where(col(DeploymentRevision.deployment_id) == deployment_id)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(DeploymentRevision.generation)], window, descending=True)


async def operations_page(services: Services, deployment_id: int, window: Window) -> Page[Operation]:
    """The operations of a deployment, newest first."""
    statement = select(Operation).where(col(Operation.deployment_id) == deployment_id)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Operation.id)], window, descending=True)


async def deployment_by_name(
    services: Services, organization_id: int, group: str, release_name: str
) -> Deployment | None:
    statement = (
        select(Deployment)
        .join(ClusterGroup, col(ClusterGroup.id) == Deployment.group_id)
        .where(col(Deployment.organization_id) == organization_id)
        .where(col(ClusterGroup.name) == group, col(Deployment.release_name) == release_name)
    )
    async with services.database.reading() as session:
        return (await session.exec(statement)).first()
