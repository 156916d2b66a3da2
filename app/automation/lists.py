"""Workflows as lists, and their revisions."""

from sqlmodel import col, select

from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.definitions.revisions import Revisions
from app.tables.workflows import WorkflowDefinition, WorkflowRevision

REVISIONS = Revisions(WorkflowDefinition, WorkflowRevision, "workflows", most=500)


async def workflows_page(services: Services, organization_id: int, window: Window) -> Page[WorkflowDefinition]:
    """The workflows of an organization by name."""
    statement = select(WorkflowDefinition).where(col(WorkflowDefinition.organization_id) == organization_id)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(WorkflowDefinition.name)], window)


async def workflow_by_name(services: Services, organization_id: int, name: str) -> WorkflowDefinition | None:
    statement = select(WorkflowDefinition).where(
        col(WorkflowDefinition.organization_id) == organization_id, col(WorkflowDefinition.name) == name
    )
    async with services.database.reading() as session:
        return (await session.exec(statement)).first()
