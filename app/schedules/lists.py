"""Schedules as lists, and their runs."""

from sqlmodel import col, select

from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.tables.schedules import WorkflowSchedule
from app.tables.workflows import WorkflowDefinition


async def schedules_page(
    services: Services, organization_id: int, window: Window, *, workflow: str | None = None
) -> Page[WorkflowSchedule]:
    """The schedules of an organization or of one workflow, by name."""
    statement = select(WorkflowSchedule).where(col(WorkflowSchedule.organization_id) == organization_id)
    if workflow is not None:
        statement = statement.join(
            WorkflowDefinition, col(WorkflowDefinition.id) == WorkflowSchedule.definition_id
        ).where(col(WorkflowDefinition.name) == workflow)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(WorkflowSchedule.name)], window)


async def schedule_by_name(services: Services, organization_id: int, name: str) -> WorkflowSchedule | None:
    statement = select(WorkflowSchedule).where(
        col(WorkflowSchedule.organization_id) == organization_id, col(WorkflowSchedule.name) == name
    )
    async with services.database.reading() as session:
        return (await session.exec(statement)).first()
