"""Reads what repositories offer, from an index that is stored and read again when it is old, or from the repository."""

from collections.abc import Sequence

from app.charts.codes import ChartCode
from app.charts.index import Offer
from app.charts.offers import versions_of, write_offers
from app.charts.services import ChartServices
from app.charts.sources import INDEXED, source_of
from app.core.encryption import KeyRingError
from app.core.errors import NotFound, ValidationFailed
from app.core.jobs import Job
from app.releases.versions import find
from app.tables.charts import ChartRepository, ChartVersion
from app.tables.columns import now

_STALE_INDEX_SECONDS = 30
"""The minimum age of an index before it is refreshed for a version that it does not have."""


async def read_offers(services: ChartServices, repository: ChartRepository) -> list[Offer]:
    """Reads the index of a repository now.

    Raises:
        ValidationFailed: It cannot be read.
        KeyRingError: The stored credentials cannot be decrypted.
    """
    return await source_of(services, repository).index()


async def refresh(services: ChartServices, repository: ChartRepository) -> ChartRepository:
    """Refreshes the stored index of a repository, if it has one. If it cannot be read, the old one stays and the error
    is stored."""
    if repository.kind not in INDEXED:
        return repository
    error: str | None = None
    offers: list[Offer] = []
    try:
        offers = await read_offers(services, repository)
    except ValidationFailed as failed:
        error = failed.message
    except KeyRingError as failed:
        error = f"The stored credentials cannot be decrypted: {failed}"
    async with services.transaction() as transaction:
        row = await transaction.session.get(ChartRepository, repository.id, with_for_update={"key_share": True})
        if row is None:
            raise NotFound(ChartCode.CHART_REPOSITORY_NOT_FOUND, "There is no such chart repository.", ("id",))
        row.error = error
        if error is None:
            row.refreshed_at = now()
            await write_offers(transaction.session, row, offers)
    return row


class ReadIndex(Job):
    """Reads the index of a repository again, once it is outdated."""

    job_name = "charts.read_index"
    repository_id: int


async def read_index_again(services: ChartServices, job: ReadIndex) -> None:
    async with services.database.reading() as session:
        repository = await session.get(ChartRepository, job.repository_id)
    if repository is not None:  # otherwise it was removed meanwhile
        await refresh(services, repository)


async def current_versions(
    services: ChartServices, repository: ChartRepository, name: str, version: str | None, *, keep: bool = True
) -> Sequence[ChartVersion]:
    """Returns the offers of a chart, from a refreshed index if the stored one is old. Without `keep`, the refreshed one
    is not stored."""
    known = await versions_of(services, repository, name)
    if version and find((row.version for row in known), version) is not None:
        return known
    source = source_of(services, repository)
    if not source.is_remote:
        return known
    if not source.has_index:
        pins = {row.version: row for row in known}
        found = await source.versions(name)
        return [pins.get(each) or ChartVersion(repository_id=repository.id, name=name, version=each) for each in found]
    refresh_every = services.settings.chart_refresh_every
    age = (now() - repository.refreshed_at).total_seconds() if repository.refreshed_at else None
    if age is not None and age <= (_STALE_INDEX_SECONDS if version or not known else refresh_every):
        return known
    if not keep:
        return await _offered_now(services, repository, name, known)
    await refresh(services, repository)
    return await versions_of(services, repository, name)


async def _offered_now(
    services: ChartServices, repository: ChartRepository, name: str, known: Sequence[ChartVersion]
) -> Sequence[ChartVersion]:
    """Returns the offers in a refreshed index without storing it."""
    try:
        offers = await read_offers(services, repository)
    except ValidationFailed:
        return known
    pins = {row.version: row for row in known if row.archive_digest is not None}
    fresh = [
        ChartVersion(repository_id=repository.id, **{f: getattr(offer, f) for f in Offer.__slots__})
        for offer in offers
        if offer.name == name and offer.version not in pins
    ]
    return [*pins.values(), *fresh]
