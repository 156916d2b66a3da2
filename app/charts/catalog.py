"""Chart repositories: adding, refreshing and removing them, and uploading charts."""

import base64
import binascii

import orjson
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.charts import refreshing
from app.charts.codes import ChartCode, ChartEvent
from app.charts.download import Login
from app.charts.offers import (
    archive_limits,
    offer_of,
    set_pin,
    write_offers,
)
from app.charts.package import open_package
from app.charts.pinning import Pinned
from app.charts.services import ChartServices
from app.charts.sources import kind_of, source_of
from app.charts.storage import check_room
from app.core.errors import Conflict, NotFound, all_invalid, invalid
from app.core.names import label_problem
from app.core.services import Services
from app.core.threads import in_thread
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.registers.common import CommonCode
from app.tables.charts import ChartArchive, ChartRepository, ChartRepositoryKind, ChartVersion
from app.tables.columns import now


async def add_repository(
    services: ChartServices, viewer: Viewer, organization: str | None, name: str, url: str, login: Login | None
) -> ChartRepository:
    """Adds a repository. Its index is read first, if it has one, so that a wrong URL is reported."""
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Permission.REPOSITORIES_WRITE)
    if problem := label_problem(name, "name", what="The name of a chart repository"):
        raise all_invalid([problem])
    url = url.strip().rstrip("/")
    repository = ChartRepository(organization_id=organization_id, name=name, url=url, kind=kind_of(url))
    source = source_of(services, repository, login)
    source.check_address()
    offers = await source.index()
    try:
        async with services.transaction() as transaction:
            session = transaction.session
            session.add(repository)
            await session.flush()
            if login:
                plain = orjson.dumps([login.username, login.password])
                sealed = services.key_ring.seal(plain, f"chart_repository:{repository.id}")
                repository.credentials, repository.credentials_key = sealed.data, sealed.key_id
            repository.refreshed_at = now()
            await write_offers(session, repository, offers)
            transaction.record(
                ChartEvent.CHART_REPOSITORY_ADDED,
                f"The chart repository {name} was added: {len({offer.name for offer in offers})} charts.",
                organization_id=organization_id,
                actor=viewer.name,
                subject=repository,
                url=url,
            )
    except IntegrityError:
        raise Conflict(CommonCode.NAME_TAKEN, f"A chart repository {name!r} already exists.", ("name",)) from None
    return repository


async def remove_repository(services: Services, viewer: Viewer, repository_id: int) -> None:
    """Removes a repository and its charts. Versions that a deployment uses stay stored."""
    async with services.transaction() as transaction:
        repository = await transaction.session.get(ChartRepository, repository_id, with_for_update={"key_share": True})
        if repository is None or not viewer.sees(repository.organization_id):
            raise NotFound(ChartCode.CHART_REPOSITORY_NOT_FOUND, "This chart repository does not exist.", ("id",))
        viewer.require(repository.organization_id, Permission.REPOSITORIES_WRITE)
        await transaction.session.delete(repository)
        transaction.record(
            ChartEvent.CHART_REPOSITORY_REMOVED,
            f"The chart repository {repository.name} was removed.",
            organization_id=repository.organization_id,
            actor=viewer.name,
            name=repository.name,
        )


async def refresh(services: ChartServices, viewer: Viewer, repository_id: int) -> ChartRepository:
    """Refreshes a repository's index on request."""
    async with services.database.reading() as session:
        repository = await session.get(ChartRepository, repository_id)
    if repository is None or not viewer.sees(repository.organization_id):
        raise NotFound(ChartCode.CHART_REPOSITORY_NOT_FOUND, "There is no such chart repository.", ("id",))
    viewer.require(repository.organization_id, Permission.CHARTS_WRITE)
    return await refreshing.refresh(services, repository)


async def upload(
    services: ChartServices, viewer: Viewer, organization: str | None, repository: str, archive: str
) -> Pinned:
    """Stores a packaged chart in an upload repository, which is created if it does not exist."""
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Permission.CHARTS_WRITE)
    if problem := label_problem(repository, "repository", what="The name of a chart repository"):
        raise all_invalid([problem])
    if len(archive) > services.settings.chart_max_bytes * 4 // 3 + 4:
        raise invalid(
            ChartCode.CHART_TOO_LARGE, "The archive is larger than POLYHELM_CHART_MAX_BYTES allows.", "archive"
        )
    try:
        content = base64.b64decode(archive, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(ChartCode.ARCHIVE_NOT_BASE64, "Give the packaged chart in base64.", "archive") from None
    package = await in_thread(open_package, content, archive_limits(services))
    async with services.transaction() as transaction:
        session = transaction.session
        row = await _upload_repository(session, organization_id, repository)
        present = await session.get(ChartVersion, (row.id, package.name, package.version))
        if present is not None and present.archive_digest != package.digest:
            raise Conflict(
                ChartCode.CHART_VERSION_TAKEN,
                f"{package.name} {package.version} was already uploaded with other content. Increase its version.",
                ("archive",),
            )
        await check_room(session, organization_id, package, services.settings.organization_chart_storage)
        await services.archives.keep(package, session)
        await write_offers(session, row, [offer_of(package)], replace=False)
        await set_pin(session, row, package, package.version)
        transaction.record(
            ChartEvent.CHART_UPLOADED,
            f"{package.name} {package.version} was uploaded to {repository}.",
            organization_id=organization_id,
            actor=viewer.name,
            subject=row,
            chart=package.name,
            version=package.version,
            digest=package.digest,
        )
        kept = await session.get(ChartArchive, package.digest)
        offered = await session.get(ChartVersion, (row.id, package.name, package.version), populate_existing=True)
        assert kept is not None
        assert offered is not None
    return Pinned(row, kept, offered)


async def _upload_repository(session: AsyncSession, organization_id: int, name: str) -> ChartRepository:
    """The upload repository with this name, locked. It is created if there is none."""
    await session.execute(
        insert(ChartRepository)
        .values(organization_id=organization_id, name=name, url="", kind=ChartRepositoryKind.UPLOAD, created_at=now())
        .on_conflict_do_nothing()
    )
    statement = select(ChartRepository).where(
        col(ChartRepository.organization_id) == organization_id, col(ChartRepository.name) == name
    )
    row = (await session.exec(statement.with_for_update(key_share=True))).one()
    if row.kind is not ChartRepositoryKind.UPLOAD:
        raise Conflict(
            ChartCode.NOT_AN_UPLOAD_REPOSITORY,
            f"{name} takes its charts from {row.url}. Charts cannot be uploaded to it.",
            ("repository",),
        )
    return row
