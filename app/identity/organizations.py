"""What changes of an organization have in common."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.tables.identity import Organization


async def lock_organization(session: AsyncSession, organization_id: int) -> None:
    """Lets one caller at a time change things that have a limit in the organization, so that the limit holds."""
    await session.exec(
        select(Organization).where(col(Organization.id) == organization_id).with_for_update(key_share=True)
    )
