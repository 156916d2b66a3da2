"""Workflows and their revisions as lists. The text of a revision can be long, so it is read only when it is
requested."""

from collections.abc import Iterable, Sequence

from sqlalchemy import tuple_
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.tables.workflows import WorkflowDefinition, WorkflowRevision

_WITHOUT_TEXT = defer(WorkflowRevision.text, raiseload=True)  # type: ignore[arg-type]


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
    statement = (
        select(WorkflowRevision).where(col(WorkflowRevision.definition_id) == definition_id).options(_WITHOUT_TEXT)
    )
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(WorkflowRevision.number)], window, descending=True)


async def current_revisions(session: AsyncSession, definition_ids: Iterable[int]) -> dict[int, WorkflowRevision]:
    """The current revision of each workflow."""
    statement = (
        select(WorkflowRevision)
        .join(WorkflowDefinition, col(WorkflowDefinition.id) == WorkflowRevision.definition_id)
        .where(col(WorkflowRevision.definition_id).in_(list(definition_ids)))
        .where(col(WorkflowRevision.number) == col(WorkflowDefinition.revision))
        .options(_WITHOUT_TEXT)
    )
    rows: Sequence[WorkflowRevision] = (await session.exec(statement)).all()
    return {row.definition_id: row for row in rows}


async def revisions_by_number(
    session: AsyncSession, keys: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], WorkflowRevision]:
    """Revisions, by workflow and number."""
    columns = col(WorkflowRevision.definition_id), col(WorkflowRevision.number)
    statement = select(WorkflowRevision).where(tuple_(*columns).in_(keys)).options(_WITHOUT_TEXT)
    return {(row.definition_id, row.number): row for row in (await session.exec(statement)).all()}


async def texts(session: AsyncSession, revision_ids: Sequence[int]) -> dict[int, str]:
    """The texts of revisions."""
    statement = select(WorkflowRevision.id, WorkflowRevision.text).where(col(WorkflowRevision.id).in_(revision_ids))
    return {row[0]: row[1] for row in (await session.exec(statement)).all()}
