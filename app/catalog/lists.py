"""Services as lists, and the revisions of stored ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.catalog.shipped import Shipped, shipped
from app.core.services import Services
from app.core.threads import in_thread
from app.definitions.revisions import Revisions
from app.tables.services import ServiceDefinition, ServiceRevision

REVISIONS = Revisions(ServiceDefinition, ServiceRevision, "services", most=200, long=("text", "content"))


@dataclass(frozen=True, slots=True)
class Offer:
    """A service that an organization has: the row of its own definition, or else the shipped definition."""

    name: str
    row: ServiceDefinition | None
    shipped: Shipped | None


async def all_offers(services: Services, organization_id: int) -> list[Offer]:
    """The services of an organization by name, its own and the shipped ones. Their number is limited."""
    ready = await in_thread(shipped)
    statement = select(ServiceDefinition).where(col(ServiceDefinition.organization_id) == organization_id)
    async with services.database.reading() as session:
        rows = {row.name: row for row in (await session.exec(statement)).all()}
    return [Offer(name, rows.get(name), ready.get(name)) for name in sorted(rows.keys() | ready.keys())]


async def offer_by_name(services: Services, organization_id: int, name: str) -> Offer | None:
    ready = await in_thread(shipped)
    row = await REVISIONS.by_name(services, organization_id, name)
    return Offer(name, row, ready.get(name)) if row is not None or name in ready else None


async def offer_of(row: ServiceDefinition) -> Offer:
    return Offer(row.name, row, (await in_thread(shipped)).get(row.name))


async def packed_contents(session: AsyncSession, definition_ids: Sequence[int]) -> dict[int, bytes]:
    """What the current revision of each stored service says, packed."""
    statement = (
        select(ServiceRevision.definition_id, ServiceRevision.content)
        .join(ServiceDefinition, col(ServiceDefinition.id) == ServiceRevision.definition_id)
        .where(col(ServiceRevision.definition_id).in_(definition_ids))
        .where(col(ServiceRevision.number) == col(ServiceDefinition.revision))
    )
    return {row[0]: row[1] for row in (await session.exec(statement)).all()}
