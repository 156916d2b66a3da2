"""Saves and deletes definitions of workflows, and those of step types."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.checked import Checked, checked
from app.automation.codes import WorkflowCode, WorkflowEvent
from app.automation.lists import REVISIONS, STEP_REVISIONS
from app.automation.services import WorkflowServices
from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.core.services import Services
from app.definitions.reading import FIELD
from app.definitions.revisions import MovedOnError, RevisionRow, Revisions, Row
from app.identity.organizations import lock_organization
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.workflows import StepDefinition, WorkflowDefinition
from app.workflows.step_types import STEP_TYPES

_MOST_NAMED = 10


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
    found = await checked(services, organization_id, text)
    async with services.transaction() as transaction:
        row, is_new = await _write(transaction.session, REVISIONS, viewer, organization_id, found, text, revision)
        if not is_new:
            return row
        row.step_types = found.step_types
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


async def save_step_definition(
    services: WorkflowServices, viewer: Viewer, organization: str | None, text: str, revision: int | None = None
) -> StepDefinition:
    """Checks a definition, and saves it as a new revision of the step type with its name. Runs that were started keep
    the steps that they have. `revision` is the one that the step definition must have, 0 if there must be none.

    Raises:
        UserError: the caller lacks the permission, the definition is not valid, its name is that of a built-in step
            type, or the step definition has another revision.
    """
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Permission.WORKFLOWS_DEFINE)
    found = await checked(services, organization_id, text, is_step=True)
    if "onCancel" in found.document:
        raise all_invalid([Problem((FIELD, "onCancel"), "Only workflows have `onCancel`, and no step definitions.")])
    if found.document["name"] in STEP_TYPES:
        message = f"{found.document['name']} is a built-in step type. Choose another name."
        raise all_invalid([Problem((FIELD, "name"), message)])
    async with services.transaction() as transaction:
        row, is_new = await _write(transaction.session, STEP_REVISIONS, viewer, organization_id, found, text, revision)
        if not is_new:
            return row
        row.step_types = found.step_types
        transaction.record(
            WorkflowEvent.STEP_SAVED,
            f"Revision {row.revision} of the step definition {row.name} was saved.",
            organization_id=organization_id,
            actor=viewer.name,
            subject=row,
            stepDefinition=row.name,
            revision=row.revision,
        )
        return row


async def delete_step_definition(services: Services, viewer: Viewer, definition_id: int) -> None:
    """Deletes a step definition that nothing uses, with all its revisions.

    Raises:
        UserError: there is no such step definition, something uses it, or the caller lacks the permission.
    """
    async with services.transaction() as transaction:
        session = transaction.session
        row = await session.get(StepDefinition, definition_id)
        if row is None or not viewer.sees(row.organization_id):
            raise NotFound(WorkflowCode.STEP_DEFINITION_NOT_FOUND, "There is no such step definition.", ("id",))
        viewer.require(row.organization_id, Permission.WORKFLOWS_DEFINE)
        await lock_organization(session, row.organization_id)  # as those that save a definition do
        if users := [
            name for table in (WorkflowDefinition, StepDefinition) for name in await _users(session, table, row)
        ]:
            named = ", ".join(users[:_MOST_NAMED]) + (" and others" if len(users) > _MOST_NAMED else "")
            message = f"{row.name} is a step type of {named}. Change these first."
            raise Conflict(WorkflowCode.STEP_DEFINITION_USED, message, ("id",))
        transaction.record(
            WorkflowEvent.STEP_DELETED,
            f"The step definition {row.name} was deleted.",
            organization_id=row.organization_id,
            actor=viewer.name,
            subject=row,
            stepDefinition=row.name,
        )
        await session.delete(row)


async def _users(
    session: AsyncSession, table: type[WorkflowDefinition] | type[StepDefinition], row: StepDefinition
) -> list[str]:
    """The names of the definitions in a table that use a step definition."""
    statement = (
        select(table.name)
        .where(col(table.organization_id) == row.organization_id, col(table.step_types).contains([row.name]))
        .order_by(col(table.name))
        .limit(_MOST_NAMED + 1)
    )
    return list((await session.exec(statement)).all())


async def _write(
    session: AsyncSession,
    revisions: Revisions[Row, RevisionRow],
    viewer: Viewer,
    organization_id: int,
    found: Checked,
    text: str,
    expected: int | None,
) -> tuple[Row, bool]:
    try:
        return await revisions.write(
            session, organization_id, found.document, text, author=viewer.name, expected=expected
        )
    except MovedOnError as error:
        message = f"It is at revision {error.present}, and not at {expected}. Read it again, then change it."
        raise Conflict(WorkflowCode.WORKFLOW_CHANGED, message, ("revision",)) from None
