"""The catalog of offered charts: read from repositories and stored in the database, where everything else reads it."""

import orjson
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.charts.download import Login
from app.charts.index import Offer
from app.charts.package import Package
from app.charts.unpacking import Limits
from app.core.encryption import Sealed
from app.core.services import Services
from app.tables.charts import ChartRepository, ChartVersion

_ROWS_AT_ONCE = 1000


def login_of(services: Services, repository: ChartRepository) -> Login | None:
    if repository.credentials is None or repository.credentials_key is None:
        return None
    sealed = Sealed(repository.credentials_key, repository.credentials)
    username, password = orjson.loads(services.key_ring.open(sealed, f"chart_repository:{repository.id}"))
    return Login(username, password)


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


def archive_limits(services: Services) -> Limits:
    return Limits(services.settings.chart_max_bytes, services.settings.chart_max_unpacked_bytes)
