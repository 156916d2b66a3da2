"""Saves and deletes definitions of services."""

from sqlalchemy import delete
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.catalog.checked import checked
from app.catalog.codes import ServiceCode, ServiceEvent
from app.catalog.services import CatalogServices
from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.core.services import Services
from app.identity.organizations import lock_organization
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.columns import now
from app.tables.services import ServiceDefinition, ServiceRevision

MAX_SERVICES = 200
"""The maximum number of services of an organization."""
KEPT_REVISIONS = 100
"""Of each service, the newest ones."""


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
    name = content.document["name"]
    async with services.transaction() as transaction:
        session = transaction.session
        await lock_organization(session, organization_id)
        statement = (
            select(ServiceDefinition)
            .where(
                col(ServiceDefinition.organization_id) == organization_id,
                col(ServiceDefinition.name) == name,
            )
            .with_for_update(key_share=True)
        )
        row = (await session.exec(statement)).first()
        present = 0 if row is None else row.revision
        if revision is not None and revision != present:
            message = f"The service is at revision {present}, and not at {revision}. Read it again, then change it."
            raise Conflict(ServiceCode.SERVICE_CHANGED, message, ("revision",))
        if row is None:
            await _check_count(session, organization_id)
            row = ServiceDefinition(organization_id=organization_id, name=name)
        elif (await _text(session, row)) == text:
            return row
        else:
            row.revision += 1
            row.updated_at = now()
        row.description = content.document.get("description")
        session.add(row)
        await session.flush()
        session.add(
            ServiceRevision(
                definition_id=row.id, number=row.revision, text=text, content=content.packed(), author=viewer.name
            )
        )
        await session.execute(
            delete(ServiceRevision)
            .where(col(ServiceRevision.definition_id) == row.id)
            .where(col(ServiceRevision.number) <= row.revision - KEPT_REVISIONS)
        )
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


async def _check_count(session: AsyncSession, organization_id: int) -> None:
    statement = select(func.count()).where(col(ServiceDefinition.organization_id) == organization_id)
    if (await session.exec(statement)).one() >= MAX_SERVICES:
        raise all_invalid([Problem(("definition",), f"An organization has at most {MAX_SERVICES} services.")])


async def _text(session: AsyncSession, row: ServiceDefinition) -> str:
    statement = select(ServiceRevision.text).where(
        col(ServiceRevision.definition_id) == row.id, col(ServiceRevision.number) == row.revision
    )
    return (await session.exec(statement)).one()
