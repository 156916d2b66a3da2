"""Lists available charts, from the database, or from a registry for a single chart."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from app.charts.refreshing import current_versions
from app.charts.services import ChartServices
from app.core.searching import mentions
from app.core.services import Services
from app.releases.versions import newest_first
from app.tables.charts import ChartRepository, ChartVersion

MOST = 500
"""The maximum number of charts that one search returns. A narrower search finds the others."""


@dataclass(frozen=True)
class KnownChart:
    """A chart with its versions, newest first."""

    repository: ChartRepository
    name: str
    description: str | None
    versions: Sequence[ChartVersion]


async def repositories(services: Services, organization_id: int) -> Sequence[ChartRepository]:
    async with services.database.reading() as session:
        statement = (
            select(ChartRepository)
            .where(col(ChartRepository.organization_id) == organization_id)
            .order_by(col(ChartRepository.name))
        )
        return (await session.exec(statement)).all()


async def search(services: Services, organization_id: int, text: str | None) -> list[KnownChart]:
    """Returns the charts with the text in their name or description, or all without a text."""
    async with services.database.reading() as session:
        named = (
            select(ChartVersion.repository_id, ChartVersion.name)
            .join(ChartRepository, col(ChartRepository.id) == ChartVersion.repository_id)
            .where(col(ChartRepository.organization_id) == organization_id)
            .distinct()
            .order_by(col(ChartVersion.name), col(ChartVersion.repository_id))
            .limit(MOST)
        )
        if text:
            named = named.where(mentions(text, ChartVersion.name, ChartVersion.description))
        found = named.subquery()
        statement = (
            select(ChartRepository, ChartVersion)
            .join(ChartVersion, col(ChartVersion.repository_id) == ChartRepository.id)
            .join(
                found,
                (found.c.repository_id == ChartVersion.repository_id) & (found.c.name == ChartVersion.name),
            )
        )
        rows = (await session.exec(statement)).all()
    charts: dict[tuple[str, str], tuple[ChartRepository, list[ChartVersion]]] = {}
    for repository, version in rows:
        charts.setdefault((version.name, repository.name), (repository, []))[1].append(version)
    return [_known(repository, versions) for _, (repository, versions) in sorted(charts.items(), key=_key)]


async def chart(services: ChartServices, organization_id: int, repository: str, name: str) -> KnownChart | None:
    """Returns one chart with all its versions, or None if the repository does not have it."""
    for found in await repositories(services, organization_id):
        if found.name == repository:
            versions = await current_versions(services, found, name, None)
            return _known(found, versions) if versions else None
    return None


def _known(repository: ChartRepository, versions: Sequence[ChartVersion]) -> KnownChart:
    by_version = {version.version: version for version in versions}
    ordered = [by_version[version] for version in newest_first(by_version)]
    return KnownChart(repository, ordered[0].name, ordered[0].description, ordered)


def _key(item: tuple[tuple[str, str], object]) -> tuple[str, str]:
    return item[0]
