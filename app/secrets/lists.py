"""Lists of secrets for the API, without their values."""

from collections.abc import Sequence

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.paging import Page, Window, fetch_page
from app.core.searching import mentions
from app.core.services import Services
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.secrets import Secret, SecretUse


async def secrets_page(
    services: Services, organization_id: int, window: Window, *, search: str | None = None, group: str | None = None
) -> Page[Secret]:
    """Returns a page of secrets by name, optionally those with a text in name or description, or usable by a group."""
    statement = select(Secret).where(col(Secret.organization_id) == organization_id)
    if search:
        statement = statement.where(mentions(search, Secret.name, Secret.description))
    if group is not None:
        named = select(ClusterGroup.id).where(
            col(ClusterGroup.organization_id) == organization_id, col(ClusterGroup.name) == group
        )
        statement = statement.where(or_(col(Secret.group_id).is_(None), col(Secret.group_id).in_(named)))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Secret.name)], window)


async def secret_called(services: Services, organization_id: int, name: str) -> Secret | None:
    statement = select(Secret).where(col(Secret.organization_id) == organization_id, col(Secret.name) == name)
    async with services.database.reading() as session:
        return (await session.exec(statement)).first()


async def users_of(session: AsyncSession, secret_ids: Sequence[int]) -> list[tuple[int, Deployment]]:
    """Returns the deployments whose current generation uses each of these secrets, by name."""
    statement = (
        select(SecretUse.secret_id, Deployment)
        .join(Deployment, col(Deployment.id) == SecretUse.deployment_id)
        .where(col(SecretUse.secret_id).in_(secret_ids))
        .order_by(col(Deployment.release_name), col(Deployment.id))
    )
    return list((await session.exec(statement)).all())
