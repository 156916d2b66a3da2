"""Lists of groups, in pages."""

from sqlmodel import col, select

from app.core.paging import Page, Window, fetch_page
from app.core.searching import mentions
from app.core.services import Services
from app.groups.queries import find_group
from app.tables.groups import ClusterGroup


async def groups_page(
    services: Services, organization_id: int, window: Window, *, search: str | None = None
) -> Page[ClusterGroup]:
    """Returns a page of groups, by name, optionally filtered by a text."""
    statement = select(ClusterGroup).where(col(ClusterGroup.organization_id) == organization_id)
    if search:
        statement = statement.where(mentions(search, ClusterGroup.name))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(ClusterGroup.name)], window)


async def group_called(services: Services, organization_id: int, name: str) -> ClusterGroup | None:
    async with services.database.reading() as session:
        return await find_group(session, organization_id, name)
