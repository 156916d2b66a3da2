"""Services, and the revisions of stored ones, as lists. The text and the content of a revision can be long, so they are
read only when they are requested."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import tuple_
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.catalog.shipped import Shipped, shipped
from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.core.threads import in_thread
from app.tables.services import ServiceDefinition, ServiceRevision

_BRIEF = (
    defer(ServiceRevision.text, raiseload=True),  # type: ignore[arg-type]
    defer(ServiceRevision.content, raiseload=True),  # type: ignore[arg-type]
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A service that an organization has: the row of its own definition, or else the shipped definition."""

    name: str
    row: ServiceDefinition | None
    shipped: Shipped | None


async def all_offers(services: Services, organization_id: int) -> list[Offer]:
    """The services of an organization by name. There are at most as many as `saving` allows, and the shipped ones."""
    ready = await in_thread(shipped)
    statement = select(ServiceDefinition).where(col(ServiceDefinition.organization_id) == organization_id)
    async with services.database.reading() as session:
        rows = {row.name: row for row in (await session.exec(statement)).all()}
    return [Offer(name, rows.get(name), ready.get(name)) for name in sorted(rows.keys() | ready.keys())]


async def offer_by_name(services: Services, organization_id: int, name: str) -> Offer | None:
    ready = await in_thread(shipped)
    statement = select(ServiceDefinition).where(
        col(ServiceDefinition.organization_id) == organization_id, col(ServiceDefinition.name) == name
    )
    async with services.database.reading() as session:
        row = (await session.exec(statement)).first()
    return Offer(name, row, ready.get(name)) if row is not None or name in ready else None


async def offer_of(row: ServiceDefinition) -> Offer:
    return Offer(row.name, row, (await in_thread(shipped)).get(row.name))


async def revisions_page(services: Services, definition_id: int, window: Window) -> Page[ServiceRevision]:
    """The revisions of a stored service, the newest first."""
    statement = select(ServiceRevision).where(col(ServiceRevision.definition_id) == definition_id).options(*_BRIEF)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(ServiceRevision.number)], window, descending=True)


async def current_revisions(session: AsyncSession, definition_ids: Iterable[int]) -> dict[int, ServiceRevision]:
    """The current revision of each stored service."""
    statement = (
        select(ServiceRevision)
        .join(ServiceDefinition, col(ServiceDefinition.id) == ServiceRevision.definition_id)
        .where(col(ServiceRevision.definition_id).in_(list(definition_ids)))
        .where(col(ServiceRevision.number) == col(ServiceDefinition.revision))
        .options(*_BRIEF)
    )
    rows: Sequence[ServiceRevision] = (await session.exec(statement)).all()
    return {row.definition_id: row for row in rows}


async def revisions_by_number(
    session: AsyncSession, keys: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], ServiceRevision]:
    """Revisions, by service and number."""
    columns = col(ServiceRevision.definition_id), col(ServiceRevision.number)
    statement = select(ServiceRevision).where(tuple_(*columns).in_(keys)).options(*_BRIEF)
    return {(row.definition_id, row.number): row for row in (await session.exec(statement)).all()}


async def texts(session: AsyncSession, revision_ids: Sequence[int]) -> dict[int, str]:
    """The texts of revisions."""
    statement = select(ServiceRevision.id, ServiceRevision.text).where(col(ServiceRevision.id).in_(revision_ids))
    return {row[0]: row[1] for row in (await session.exec(statement)).all()}


async def packed_contents(session: AsyncSession, definition_ids: Sequence[int]) -> dict[int, bytes]:
    """What the current revision of each stored service says, packed."""
    statement = (
        select(ServiceRevision.definition_id, ServiceRevision.content)
        .join(ServiceDefinition, col(ServiceDefinition.id) == ServiceRevision.definition_id)
        .where(col(ServiceRevision.definition_id).in_(definition_ids))
        .where(col(ServiceRevision.number) == col(ServiceDefinition.revision))
    )
    return {row[0]: row[1] for row in (await session.exec(statement)).all()}
