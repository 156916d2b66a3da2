"""Lists of groups, in pages."""

from sqlmodel import col, select

from app.groups.queries import find_group
from app.groups.tables import ClusterGroup
from app.paging import Page, Window, fetch_page
from app.searching import mentions
from app.services import Services


async def groups_page(
    services: Services, organization_id: int, window: Window, *, search: str | None = None
) -> Page[ClusterGroup]:
    """Groups by name; those with a text in it."""
    statement = select(ClusterGroup).where(col(ClusterGroup.organization_id) == organization_id)
    if search:
        statement = statement.where(mentions(search, ClusterGroup.name))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(ClusterGroup.name)], window)


async def group_called(services: Services, organization_id: int, name: str) -> ClusterGroup | None:
    async with services.database.reading() as session:
        return await find_group(session, organization_id, name)
