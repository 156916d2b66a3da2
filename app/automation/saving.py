"""Saves and deletes definitions of workflows."""

from sqlalchemy import delete
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.checked import checked
from app.automation.codes import WorkflowCode, WorkflowEvent
from app.automation.services import WorkflowServices
from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.core.services import Services
from app.identity.organizations import lock_organization
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.columns import now
from app.tables.workflows import WorkflowDefinition, WorkflowRevision

MAX_WORKFLOWS = 500
"""The maximum number of workflows of an organization."""
KEPT_REVISIONS = 100
"""Of each workflow, the newest ones."""


async def save_workflow(
    services: WorkflowServices, viewer: Viewer, organization: str | None, text: str, revision: int | None = None
) -> WorkflowDefinition:
    """Checks a definition, and saves it as a new revision of the workflow with its name. The text of the current
    revision changes nothing. `revision` is the one that the workflow must have, 0 if there must be none.

    Raises:
        UserError: the caller lacks the permission, the definition is not valid, or the workflow has another revision.
    """
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Permission.WORKFLOWS_DEFINE)
    document = await checked(services, organization_id, text)
    async with services.transaction() as transaction:
        session = transaction.session
        await lock_organization(session, organization_id)
        statement = (
            select(WorkflowDefinition)
            .where(
                col(WorkflowDefinition.organization_id) == organization_id,
                col(WorkflowDefinition.name) == document["name"],
            )
            .with_for_update(key_share=True)
        )
        row = (await session.exec(statement)).first()
        present = 0 if row is None else row.revision
        if revision is not None and revision != present:
            message = f"The workflow is at revision {present}, and not at {revision}. Read it again, then change it."
            raise Conflict(WorkflowCode.WORKFLOW_CHANGED, message, ("revision",))
        if row is None:
            await _check_count(session, organization_id)
            row = WorkflowDefinition(organization_id=organization_id, name=document["name"])
        elif (await _text(session, row)) == text:
            return row
        else:
            row.revision += 1
            row.updated_at = now()
        row.description = document.get("description")
        session.add(row)
        await session.flush()
        session.add(WorkflowRevision(definition_id=row.id, number=row.revision, text=text, author=viewer.name))
        await session.execute(
            delete(WorkflowRevision)
            .where(col(WorkflowRevision.definition_id) == row.id)
            .where(col(WorkflowRevision.number) <= row.revision - KEPT_REVISIONS)
        )
        transaction.record(
            WorkflowEvent.SAVED,
            f"Revision {row.revision} of the workflow {row.name} was saved.",
            organization_id=organization_id,
            actor=viewer.name,
            subject=row,
            workflow=row.name,
            revision=row.revision,
        )
        return row


async def delete_workflow(services: Services, viewer: Viewer, workflow_id: int) -> None:
    """Deletes a workflow with all its revisions.

    Raises:
        UserError: there is no such workflow, or the caller lacks the permission.
    """
    async with services.transaction() as transaction:
        session = transaction.session
        row = await session.get(WorkflowDefinition, workflow_id, with_for_update={"key_share": True})
        if row is None or not viewer.sees(row.organization_id):
            raise NotFound(WorkflowCode.WORKFLOW_NOT_FOUND, "There is no such workflow.", ("id",))
        viewer.require(row.organization_id, Permission.WORKFLOWS_DEFINE)
        transaction.record(
            WorkflowEvent.DELETED,
            f"The workflow {row.name} was deleted.",
            organization_id=row.organization_id,
            actor=viewer.name,
            subject=row,
            workflow=row.name,
        )
        await session.delete(row)


async def _check_count(session: AsyncSession, organization_id: int) -> None:
    statement = select(func.count()).where(col(WorkflowDefinition.organization_id) == organization_id)
    if (await session.exec(statement)).one() >= MAX_WORKFLOWS:
        raise all_invalid([Problem(("definition",), f"An organization has at most {MAX_WORKFLOWS} workflows.")])


async def _text(session: AsyncSession, row: WorkflowDefinition) -> str:
    statement = select(WorkflowRevision.text).where(
        col(WorkflowRevision.definition_id) == row.id, col(WorkflowRevision.number) == row.revision
    )
    return (await session.exec(statement)).one()
