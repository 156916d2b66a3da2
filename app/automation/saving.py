"""Saves and deletes definitions of workflows."""

from app.automation.checked import checked
from app.automation.codes import WorkflowCode, WorkflowEvent
from app.automation.lists import REVISIONS
from app.automation.services import WorkflowServices
from app.core.errors import Conflict, NotFound
from app.core.services import Services
from app.definitions.revisions import MovedOnError
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.workflows import WorkflowDefinition


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
        try:
            row, is_new = await REVISIONS.write(
                *(transaction.session, organization_id, document, text), author=viewer.name, expected=revision
            )
        except MovedOnError as error:
            message = (
                f"The workflow is at revision {error.present}, and not at {revision}. Read it again, then change it."
            )
            raise Conflict(WorkflowCode.WORKFLOW_CHANGED, message, ("revision",)) from None
        if not is_new:
            return row
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
