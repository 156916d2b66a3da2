"""The catalog of offered charts: read from repositories and stored in the database, where everything else reads it."""

import orjson
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.charts.codes import ChartCode
from app.charts.download import Login, check_address
from app.charts.index import Offer, read_index
from app.charts.package import Package
from app.charts.services import ChartServices
from app.charts.unpacking import Limits
from app.core.encryption import KeyRingError, Sealed
from app.core.errors import NotFound, ValidationFailed
from app.core.jobs import Job
from app.core.services import Services
from app.core.threads import in_thread
from app.tables.charts import ChartRepository, ChartVersion
from app.tables.columns import now

_ROWS_AT_ONCE = 1000


def login_of(services: Services, repository: ChartRepository) -> Login | None:
    if repository.credentials is None or repository.credentials_key is None:
        return None
    sealed = Sealed(repository.credentials_key, repository.credentials)
    username, password = orjson.loads(services.key_ring.open(sealed, f"chart_repository:{repository.id}"))
    return Login(username, password)


async def fetch_offers(services: ChartServices, repository: ChartRepository, login: Login | None) -> list[Offer]:
    url = f"{repository.url}/index.yaml"
    content = await services.downloader.get(
        url, share=repository.organization_id, limit=services.settings.index_max_bytes, login=login
    )
    return await in_thread(read_index, content, url)


async def refresh_repository(services: ChartServices, repository: ChartRepository) -> ChartRepository:
    """Refreshes the index of an HTTP repository. If it cannot be read, the old one stays and the error is stored."""
    error: str | None = None
    offers: list[Offer] = []
    try:
        offers = await fetch_offers(services, repository, login_of(services, repository))
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
    """Reads the index of an HTTP repository again, once it is outdated."""

    job_name = "charts.read_index"
    repository_id: int


async def read_index_again(services: ChartServices, job: ReadIndex) -> None:
    async with services.database.reading() as session:
        repository = await session.get(ChartRepository, job.repository_id)
    if repository is not None:  # otherwise it was removed meanwhile
        await refresh_repository(services, repository)


async def versions_of(services: Services, repository: ChartRepository, name: str) -> list[ChartVersion]:
    """Returns the known versions of a chart from the database."""
    async with services.database.reading() as session:
        statement = select(ChartVersion).where(
            col(ChartVersion.repository_id) == repository.id, col(ChartVersion.name) == name
        )
        return list((await session.exec(statement)).all())


async def write_offers(
    session: AsyncSession, repository: ChartRepository, offers: list[Offer], *, replace: bool = True
) -> None:
    """Stores a repository's offers. Versions that are no longer offered are removed unless they are pinned."""
    rows = [{"repository_id": repository.id, **{f: getattr(o, f) for f in Offer.__slots__}} for o in offers]
    statement = insert(ChartVersion)
    changed = {f: statement.excluded[f] for f in Offer.__slots__ if f not in ("name", "version")}
    statement = statement.on_conflict_do_update(index_elements=["repository_id", "name", "version"], set_=changed)
    if replace:
        await session.execute(
            delete(ChartVersion).where(
                col(ChartVersion.repository_id) == repository.id, col(ChartVersion.archive_digest).is_(None)
            )
        )
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        await session.execute(statement, rows[start : start + _ROWS_AT_ONCE])


async def set_pin(session: AsyncSession, repository: ChartRepository, package: Package, version: str) -> None:
    """Pins a version, as the repository writes it, to the archive that was pulled for it."""
    await session.execute(
        update(ChartVersion)
        .where(col(ChartVersion.repository_id) == repository.id)
        .where(col(ChartVersion.name) == package.name, col(ChartVersion.version) == version)
        .values(archive_digest=package.digest)
    )


def offer_of(package: Package, chosen: ChartVersion | None = None) -> Offer:
    return Offer(
        name=package.name,
        version=chosen.version if chosen else package.version,
        app_version=package.app_version,
        description=package.description,
        deprecated=package.deprecated or (chosen is not None and chosen.deprecated),
        url=chosen.url if chosen else None,
        digest=package.digest,
    )


def check_repository_address(services: Services, url: str) -> None:
    check_address(url, services.settings.is_plain_http)


def archive_limits(services: Services) -> Limits:
    return Limits(services.settings.chart_max_bytes, services.settings.chart_max_unpacked_bytes)
