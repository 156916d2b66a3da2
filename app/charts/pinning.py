"""Resolves a chart's name and version to a stored archive, so that every cluster always gets the same bytes."""

from dataclasses import dataclass

from sqlmodel import col, select

from app.charts.codes import ChartCode
from app.charts.offers import (
    archive_limits,
    offer_of,
    set_pin,
    write_offers,
)
from app.charts.package import Package, open_package
from app.charts.refreshing import current_versions
from app.charts.services import ChartServices
from app.charts.sources import source_of
from app.charts.storage import check_room
from app.core.errors import NotFound, invalid
from app.core.services import Services
from app.core.threads import in_thread
from app.releases.versions import find, newest_stable
from app.tables.charts import ChartArchive, ChartRepository, ChartVersion


@dataclass(frozen=True)
class Pinned:
    """A stored chart version: the same bytes for every cluster, permanently."""

    repository: ChartRepository
    archive: ChartArchive
    chosen: ChartVersion
    """The version as the repository offers it, if known."""
    was_kept: bool = False
    """Whether the archive was stored before, so that the repository may now offer another one."""


async def pin(
    services: ChartServices, organization_id: int, chart: str, version: str | None, *, keep: bool = True
) -> Pinned:
    """Resolves "repository/name" and a version (None: the newest stable one) to a stored archive, which is pulled if
    necessary.

    Without `keep`, nothing is stored: a pulled archive is available to this process only.

    Raises:
        ValidationFailed, NotFound: The message lists the available alternatives.
    """
    repository_name, slash, name = chart.partition("/")
    if not slash or not name:
        raise invalid(ChartCode.CHART_MALFORMED_REFERENCE, 'Name a chart as "repository/name".', "chart")
    async with services.database.reading() as session:
        statement = select(ChartRepository).where(
            col(ChartRepository.organization_id) == organization_id, col(ChartRepository.name) == repository_name
        )
        repository = (await session.exec(statement)).first()
    if repository is None:
        raise NotFound(
            ChartCode.CHART_REPOSITORY_NOT_FOUND, f"There is no chart repository {repository_name!r}.", ("chart",)
        )
    chosen = await _choose(services, repository, name, version, keep=keep)
    if archive := await _kept(services, chosen):
        return Pinned(repository, archive, chosen, was_kept=True)
    async with services.archives.pulling((repository.id, chosen.name, chosen.version)):
        if archive := await _kept(services, chosen):
            return Pinned(repository, archive, chosen)
        package = await _pull(services, repository, chosen)
        chosen.deprecated = chosen.deprecated or package.deprecated  # a registry's tags do not contain it
        if not keep:
            return Pinned(repository, await services.archives.hold(package), chosen)
        async with services.transaction() as transaction:
            most = services.settings.organization_chart_storage
            await check_room(transaction.session, organization_id, package, most)
            await services.archives.keep(package, transaction.session)
            await write_offers(transaction.session, repository, [offer_of(package, chosen)], replace=False)
            await set_pin(transaction.session, repository, package, chosen.version)
            archive = await transaction.session.get(ChartArchive, package.digest)
            assert archive is not None
    return Pinned(repository, archive, chosen)


async def read(services: ChartServices, repository: ChartRepository, chosen: ChartVersion) -> ChartArchive:
    """Returns the content of the archive of a version. Nothing is stored."""
    if archive := await _kept(services, chosen):
        return archive
    version = repository.id, chosen.name, chosen.version
    async with services.archives.pulling(version):
        if found := services.archives.read(version):
            return found
        return services.archives.remember(version, await _pull(services, repository, chosen))


async def _kept(services: Services, chosen: ChartVersion) -> ChartArchive | None:
    """Returns the archive that a version is pinned to now."""
    statement = (
        select(ChartArchive)
        .join(ChartVersion, col(ChartVersion.archive_digest) == ChartArchive.digest)
        .where(col(ChartVersion.repository_id) == chosen.repository_id)
        .where(col(ChartVersion.name) == chosen.name, col(ChartVersion.version) == chosen.version)
    )
    async with services.database.reading() as session:
        return (await session.exec(statement)).first()


async def _choose(
    services: ChartServices, repository: ChartRepository, name: str, version: str | None, *, keep: bool
) -> ChartVersion:
    """Returns the requested version. Refreshes an old index that lacks it."""
    known = await current_versions(services, repository, name, version, keep=keep)
    by_version = {row.version: row for row in known}
    if not by_version:
        raise NotFound(ChartCode.CHART_NOT_FOUND, f"{repository.name} has no chart {name!r}.", ("chart",))
    found = newest_stable(by_version) if version is None else find(by_version, version)
    if found is None:
        wanted = "stable version. Give a version" if version is None else f"version {version!r}"
        raise NotFound(ChartCode.CHART_VERSION_NOT_FOUND, f"{repository.name}/{name} has no {wanted}.", ("version",))
    return by_version[found]


async def _pull(services: ChartServices, repository: ChartRepository, chosen: ChartVersion) -> Package:
    content, expected = await source_of(services, repository).pull(chosen)
    package = await in_thread(open_package, content, archive_limits(services))
    if expected and package.digest != expected:
        raise invalid(
            ChartCode.CHART_DIGEST,
            f"The archive of {chosen.name} {chosen.version} does not match the index of {repository.name}:"
            f" its digest is {package.digest}, not {expected}.",
            "chart",
        )
    if package.name != chosen.name or find([package.version], chosen.version) is None:
        raise invalid(
            ChartCode.CHART_MISMATCH,
            f"{repository.name} announces {chosen.name} {chosen.version} and gives {package.name} {package.version}.",
            "chart",
        )
    return package
