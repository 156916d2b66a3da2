"""Workflows and their revisions as lists."""

from collections.abc import Iterable, Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.tables.workflows import WorkflowDefinition, WorkflowRevision


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


async def revisions_page(services: Services, definition_id: int, window: Window) -> Page[WorkflowRevision]:
    """The revisions of a workflow, the newest first."""
    statement = select(WorkflowRevision).where(col(WorkflowRevision.definition_id) == definition_id)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(WorkflowRevision.number)], window, descending=True)


async def current_revisions(session: AsyncSession, definition_ids: Iterable[int]) -> dict[int, WorkflowRevision]:
    """The current revision of each workflow."""
    statement = (
        select(WorkflowRevision)
        .join(WorkflowDefinition, col(WorkflowDefinition.id) == WorkflowRevision.definition_id)
        .where(col(WorkflowRevision.definition_id).in_(list(definition_ids)))
        .where(col(WorkflowRevision.number) == col(WorkflowDefinition.revision))
    )
    rows: Sequence[WorkflowRevision] = (await session.exec(statement)).all()
    return {row.definition_id: row for row in rows}
