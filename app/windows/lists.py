"""Change windows as lists."""

from sqlmodel import col, select

from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.tables.windows import ChangeWindow


async def windows_page(services: Services, organization_id: int, window: Window) -> Page[ChangeWindow]:
    """The change windows of an organization by name."""
    statement = select(ChangeWindow).where(col(ChangeWindow.organization_id) == organization_id)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(ChangeWindow.name)], window)
