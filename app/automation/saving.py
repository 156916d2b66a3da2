"""Saves and deletes definitions of workflows, and those of step types."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.checked import Checked, checked
from app.automation.codes import WorkflowCode, WorkflowEvent
from app.automation.lists import REVISIONS, STEP_REVISIONS
from app.automation.services import WorkflowServices
from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.core.services import Services
from app.definitions.reading import FIELD
from app.definitions.revisions import MovedOnError, Revisions
from app.identity.organizations import lock_organization
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.workflows import StepDefinition, StepDefinitionRevision, WorkflowDefinition, WorkflowRevision
from app.workflows.step_types import STEP_TYPES

_MOST_NAMED = 10

Saved = TypeVar("Saved", WorkflowDefinition, StepDefinition)
SavedRevision = TypeVar("SavedRevision", WorkflowRevision, StepDefinitionRevision)


@dataclass(frozen=True)
class _Kind(Generic[Saved, SavedRevision]):
    """What is saved: a workflow or a step definition. `field` has its name in the event `saved`."""

    revisions: Revisions[Saved, SavedRevision]
    noun: str
    field: str
    saved: WorkflowEvent


_WORKFLOWS = _Kind(REVISIONS, "workflow", "workflow", WorkflowEvent.SAVED)
_STEP_DEFINITIONS = _Kind(STEP_REVISIONS, "step definition", "stepDefinition", WorkflowEvent.STEP_SAVED)


async def save_workflow(
    services: WorkflowServices, viewer: Viewer, organization: str | None, text: str, revision: int | None = None
) -> WorkflowDefinition:
    """Checks a definition, and saves it as a new revision of the workflow with its name. The text of the current
    revision changes nothing. `revision` is the one that the workflow must have, 0 if there must be none.

    Raises:
        UserError: the caller lacks the permission, the definition is not valid, or the workflow has another revision.
    """
    organization_id = _definer(viewer, organization)
    found = await checked(services, organization_id, text)
    return await _save(services, viewer, organization_id, found, text, revision, _WORKFLOWS)


async def delete_workflow(services: Services, viewer: Viewer, workflow_id: int) -> None:
    """Deletes a workflow with all its revisions and schedules.

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
    organization_id = _definer(viewer, organization)
    found = await checked(services, organization_id, text, is_step=True)
    if "onCancel" in found.document:
        raise all_invalid([Problem((FIELD, "onCancel"), "Only workflows have `onCancel`, and no step definitions.")])
    if found.document["name"] in STEP_TYPES:
        message = f"{found.document['name']} is a built-in step type. Choose another name."
        raise all_invalid([Problem((FIELD, "name"), message)])
    return await _save(services, viewer, organization_id, found, text, revision, _STEP_DEFINITIONS)


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


def _definer(viewer: Viewer, organization: str | None) -> int:
    """The id of the organization, in which the viewer may define workflows."""
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Permission.WORKFLOWS_DEFINE)
    return organization_id


async def _save(
    services: Services,
    viewer: Viewer,
    organization_id: int,
    found: Checked,
    text: str,
    expected: int | None,
    kind: _Kind[Saved, SavedRevision],
) -> Saved:
    async with services.transaction() as transaction:
        try:
            row, is_new = await kind.revisions.write(
                *(transaction.session, organization_id, found.document, text), author=viewer.name, expected=expected
            )
        except MovedOnError as error:
            message = (
                f"The {kind.noun} is at revision {error.present}, and not at {expected}. Read it again, then change it."
            )
            raise Conflict(WorkflowCode.WORKFLOW_CHANGED, message, ("revision",)) from None
        if not is_new:
            return row
        row.step_types = found.step_types
        data: dict[str, Any] = {kind.field: row.name, "revision": row.revision}
        transaction.record(
            kind.saved,
            f"Revision {row.revision} of the {kind.noun} {row.name} was saved.",
            organization_id=organization_id,
            actor=viewer.name,
            subject=row,
            **data,
        )
        return row
