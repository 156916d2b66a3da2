"""Saves and deletes definitions of services."""

from app.catalog.checked import checked
from app.catalog.codes import ServiceCode, ServiceEvent
from app.catalog.lists import REVISIONS
from app.catalog.services import CatalogServices
from app.core.errors import Conflict, NotFound
from app.core.services import Services
from app.definitions.revisions import MovedOnError
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.services import ServiceDefinition


async def save_service(
    services: CatalogServices, viewer: Viewer, organization: str | None, text: str, revision: int | None = None
) -> ServiceDefinition:
    """Checks a definition, and saves it as a new revision of the service with its name. The text of the current
    revision changes nothing. `revision` is the one that the service must have, 0 if there must be none.

    Raises:
        UserError: the caller lacks the permission, the definition is not valid, or the service has another revision.
    """
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Permission.SERVICES_DEFINE)
    content = await checked(services, organization_id, text)
    async with services.transaction() as transaction:
        try:
            row, is_new = await REVISIONS.write(
                *(transaction.session, organization_id, content.document, text),
                author=viewer.name,
                expected=revision,
                content=content.packed(),
            )
        except MovedOnError as error:
            message = (
                f"The service is at revision {error.present}, and not at {revision}. Read it again, then change it."
            )
            raise Conflict(ServiceCode.SERVICE_CHANGED, message, ("revision",)) from None
        if not is_new:
            return row
        transaction.record(
            ServiceEvent.SAVED,
            f"Revision {row.revision} of the service {row.name} was saved.",
            organization_id=organization_id,
            actor=viewer.name,
            subject=row,
            service=row.name,
            revision=row.revision,
        )
        return row


async def delete_service(services: Services, viewer: Viewer, service_id: int) -> None:
    """Deletes a service with all its revisions. A shipped definition with its name applies again.

    Raises:
        UserError: there is no such service, or the caller lacks the permission.
    """
    async with services.transaction() as transaction:
        session = transaction.session
        row = await session.get(ServiceDefinition, service_id, with_for_update={"key_share": True})
        if row is None or not viewer.sees(row.organization_id):
            raise NotFound(ServiceCode.SERVICE_NOT_FOUND, "There is no such service.", ("id",))
        viewer.require(row.organization_id, Permission.SERVICES_DEFINE)
        transaction.record(
            ServiceEvent.DELETED,
            f"The service {row.name} was deleted.",
            organization_id=row.organization_id,
            actor=viewer.name,
            subject=row,
            service=row.name,
        )
        await session.delete(row)
