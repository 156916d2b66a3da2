"""Workflows and step definitions as lists, and their revisions."""

from sqlmodel import col, select

from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.definitions.revisions import Revisions
from app.tables.workflows import StepDefinition, StepDefinitionRevision, WorkflowDefinition, WorkflowRevision

REVISIONS = Revisions(WorkflowDefinition, WorkflowRevision, "workflows", most=500)
STEP_REVISIONS = Revisions(StepDefinition, StepDefinitionRevision, "step definitions", most=200)


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


async def step_definitions_page(services: Services, organization_id: int, window: Window) -> Page[StepDefinition]:
    """The step definitions of an organization by name."""
    statement = select(StepDefinition).where(col(StepDefinition.organization_id) == organization_id)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(StepDefinition.name)], window)


async def step_definition_by_name(services: Services, organization_id: int, name: str) -> StepDefinition | None:
    statement = select(StepDefinition).where(
        col(StepDefinition.organization_id) == organization_id, col(StepDefinition.name) == name
    )
    async with services.database.reading() as session:
        return (await session.exec(statement)).first()
