"""Chart repositories and what they offer: adding, refreshing, uploading, and pinning a version for a deployment."""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.charts.download import Login, check_address
from app.charts.index import Offer, read_index
from app.charts.package import Limits, Package, open_package
from app.charts.registry import Registry
from app.charts.tables import ChartArchive, ChartRepository, ChartRepositoryKind, ChartVersion
from app.charts.versions import find, newest_stable
from app.encryption import Sealed
from app.errors import Conflict, NotFound, ValidationFailed, all_invalid, invalid
from app.identity.tables import Role
from app.identity.viewer import Viewer
from app.names import label_problem
from app.services import Services
from app.tables import now

_STALE_INDEX_SECONDS = 30
"""How old an index must be to be read again because a version is asked for that it does not have."""

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Pinned:
    """A chart version that is kept: the same bytes for every cluster and every later day."""

    repository: ChartRepository
    archive: ChartArchive


async def add_repository(
    services: Services, viewer: Viewer, organization: str | None, name: str, url: str, login: Login | None
) -> ChartRepository:
    """Adds an HTTP repository or OCI registry; the index of the former is read at once, so that a wrong one is told."""
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Role.ADMIN)
    if problem := label_problem(name, "name", what="The name of a chart repository"):
        raise all_invalid([problem])
    url = url.strip().rstrip("/")
    kind = ChartRepositoryKind.OCI if url.startswith("oci://") else ChartRepositoryKind.HTTP
    _check_address(services, url.replace("oci://", "https://", 1))
    repository = ChartRepository(organization_id=organization_id, name=name, url=url, kind=kind)
    offers = await _offers(services, repository, login) if kind is ChartRepositoryKind.HTTP else []
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
            await _write_offers(session, repository, offers)
            transaction.record(
                "chart_repository.added",
                f"The chart repository {name} was added: {len({offer.name for offer in offers})} charts.",
                organization_id=organization_id,
                actor=viewer.name,
                subject=repository,
                url=url,
            )
    except IntegrityError:
        raise Conflict("name_taken", f"There is a chart repository {name!r} already.", ("name",)) from None
    return repository


async def remove_repository(services: Services, viewer: Viewer, repository_id: int) -> None:
    """Removes a repository and what it offers; versions that a deployment uses stay kept."""
    async with services.transaction() as transaction:
        repository = await transaction.session.get(ChartRepository, repository_id, with_for_update=True)
        if repository is None or not viewer.sees(repository.organization_id):
            raise NotFound("chart_repository_not_found", "There is no such chart repository.", ("id",))
        viewer.require(repository.organization_id, Role.ADMIN)
        await transaction.session.delete(repository)
        transaction.record(
            "chart_repository.removed",
            f"The chart repository {repository.name} was removed.",
            organization_id=repository.organization_id,
            actor=viewer.name,
            name=repository.name,
        )


async def refresh_repository(services: Services, repository: ChartRepository) -> ChartRepository:
    """Reads the index of an HTTP repository again. One that can't be read keeps what it had, and tells the error."""
    error: ValidationFailed | None = None
    offers: list[Offer] = []
    try:
        offers = await _offers(services, repository, login_of(services, repository))
    except ValidationFailed as failed:
        error = failed
    async with services.transaction() as transaction:
        row = await transaction.session.get(ChartRepository, repository.id, with_for_update=True)
        if row is None:
            raise NotFound("chart_repository_not_found", "There is no such chart repository.", ("id",))
        row.error = error.message if error else None
        if error is None:
            row.refreshed_at = now()
            await _write_offers(transaction.session, row, offers)
    return row


async def refresh(services: Services, viewer: Viewer, repository_id: int) -> ChartRepository:
    """Reads a repository's index again because somebody asks for it."""
    async with services.database.reading() as session:
        repository = await session.get(ChartRepository, repository_id)
    if repository is None or not viewer.sees(repository.organization_id):
        raise NotFound("chart_repository_not_found", "There is no such chart repository.", ("id",))
    viewer.require(repository.organization_id, Role.DEPLOYER)
    if repository.kind is not ChartRepositoryKind.HTTP:
        return repository  # a registry is asked whenever it is needed, and an upload repository is what was uploaded
    return await refresh_repository(services, repository)


async def upload(services: Services, viewer: Viewer, organization: str | None, repository: str, archive: str) -> Pinned:
    """Takes a packaged chart into an upload repository, which is made where there is none of that name."""
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Role.DEPLOYER)
    if problem := label_problem(repository, "repository", what="The name of a chart repository"):
        raise all_invalid([problem])
    if len(archive) > services.settings.chart_max_bytes * 4 // 3 + 4:
        raise invalid("chart_too_large", "The archive is larger than POLYHELM_CHART_MAX_BYTES allows.", "archive")
    try:
        content = base64.b64decode(archive, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("archive_not_base64", "Give the packaged chart in base64.", "archive") from None
    package = await asyncio.to_thread(open_package, content, _limits(services))
    async with services.transaction() as transaction:
        session = transaction.session
        await session.execute(
            insert(ChartRepository)
            .values(
                organization_id=organization_id,
                name=repository,
                url="",
                kind=ChartRepositoryKind.UPLOAD,
                created_at=now(),
            )
            .on_conflict_do_nothing()
        )
        statement = select(ChartRepository).where(
            col(ChartRepository.organization_id) == organization_id, col(ChartRepository.name) == repository
        )
        row = (await session.exec(statement.with_for_update())).one()
        if row.kind is not ChartRepositoryKind.UPLOAD:
            raise Conflict(
                "not_an_upload_repository", f"{repository} takes its charts from {row.url}.", ("repository",)
            )
        present = await session.get(ChartVersion, (row.id, package.name, package.version))
        if present is not None and present.archive_digest != package.digest:
            raise Conflict(
                "chart_version_taken",
                f"{package.name} {package.version} was uploaded with other content: raise its version.",
                ("archive",),
            )
        await services.archives.keep(package, session)
        await _write_offers(session, row, [_offer_of(package)], replace=False)
        await _set_pin(session, row, package, package.version)
        transaction.record(
            "chart.uploaded",
            f"{package.name} {package.version} was uploaded to {repository}.",
            organization_id=organization_id,
            actor=viewer.name,
            subject=row,
            chart=package.name,
            version=package.version,
            digest=package.digest,
        )
        pinned = await session.get(ChartArchive, package.digest)
        assert pinned is not None
    return Pinned(row, pinned)


async def pin(
    services: Services, organization_id: int, chart: str, version: str | None, *, keep: bool = True
) -> Pinned:
    """Resolves "repository/name" and a version (None: the newest stable one) to a kept archive, pulling it if need be.

    Without `keep` nothing is written down: what has to be pulled is at hand for this process alone.

    Raises:
        ValidationFailed, NotFound: says what there is instead.
    """
    repository_name, slash, name = chart.partition("/")
    if not slash or not name:
        raise invalid("chart_malformed_reference", 'Name a chart as "repository/name".', "chart")
    async with services.database.reading() as session:
        statement = select(ChartRepository).where(
            col(ChartRepository.organization_id) == organization_id, col(ChartRepository.name) == repository_name
        )
        repository = (await session.exec(statement)).first()
    if repository is None:
        raise NotFound("chart_repository_not_found", f"There is no chart repository {repository_name!r}.", ("chart",))
    chosen = await _choose(services, repository, name, version, keep=keep)
    if archive := await _kept(services, chosen):
        return Pinned(repository, archive)
    async with services.archives.pulling(repository.id, chosen.name, chosen.version):
        if archive := await _kept(services, chosen):
            return Pinned(repository, archive)
        package = await _pull(services, repository, chosen)
        if not keep:
            return Pinned(repository, await services.archives.hold(package))
        async with services.transaction() as transaction:
            await services.archives.keep(package, transaction.session)
            await _write_offers(transaction.session, repository, [_offer_of(package, chosen)], replace=False)
            await _set_pin(transaction.session, repository, package, chosen.version)
            archive = await transaction.session.get(ChartArchive, package.digest)
            assert archive is not None
    return Pinned(repository, archive)


async def _kept(services: Services, chosen: ChartVersion) -> ChartArchive | None:
    """The archive that a version is pinned to, by now."""
    statement = (
        select(ChartArchive)
        .join(ChartVersion, col(ChartVersion.archive_digest) == ChartArchive.digest)
        .where(col(ChartVersion.repository_id) == chosen.repository_id)
        .where(col(ChartVersion.name) == chosen.name, col(ChartVersion.version) == chosen.version)
    )
    async with services.database.reading() as session:
        return (await session.exec(statement)).first()


def login_of(services: Services, repository: ChartRepository) -> Login | None:
    if repository.credentials is None or repository.credentials_key is None:
        return None
    sealed = Sealed(repository.credentials_key, repository.credentials)
    username, password = orjson.loads(services.key_ring.open(sealed, f"chart_repository:{repository.id}"))
    return Login(username, password)


async def versions_of(services: Services, repository: ChartRepository, name: str) -> list[ChartVersion]:
    """What is known of a chart's versions, from the database alone."""
    async with services.database.reading() as session:
        statement = select(ChartVersion).where(
            col(ChartVersion.repository_id) == repository.id, col(ChartVersion.name) == name
        )
        return list((await session.exec(statement)).all())


async def _choose(
    services: Services, repository: ChartRepository, name: str, version: str | None, *, keep: bool
) -> ChartVersion:
    """The version that is meant; asks the repository again where its index is old and lacks it."""
    known = await current_versions(services, repository, name, version, keep=keep)
    by_version = {row.version: row for row in known}
    if not by_version:
        raise NotFound("chart_not_found", f"{repository.name} has no chart {name!r}.", ("chart",))
    found = newest_stable(by_version) if version is None else find(by_version, version)
    if found is None:
        wanted = "stable version: name a version" if version is None else f"version {version!r}"
        raise NotFound("chart_version_not_found", f"{repository.name}/{name} has no {wanted}.", ("version",))
    return by_version[found]


async def current_versions(
    services: Services, repository: ChartRepository, name: str, version: str | None, *, keep: bool = True
) -> Sequence[ChartVersion]:
    """What there is of a chart, from a fresh index where the one we have is old; without `keep` that one stays."""
    known = await versions_of(services, repository, name)
    has_it = find((row.version for row in known), version) is not None if version else False
    if repository.kind is ChartRepositoryKind.UPLOAD or has_it:
        return known
    if repository.kind is ChartRepositoryKind.OCI:
        tags = await _registry(services, repository).versions(name)
        pins = {row.version: row for row in known}
        return [pins.get(tag) or ChartVersion(repository_id=repository.id, name=name, version=tag) for tag in tags]
    age = (now() - repository.refreshed_at).total_seconds() if repository.refreshed_at else None
    if age is None or age > (_STALE_INDEX_SECONDS if version or not known else services.settings.chart_refresh_every):
        if not keep:
            return await _offered_now(services, repository, name, known)
        await refresh_repository(services, repository)
        return await versions_of(services, repository, name)
    return known


async def _offered_now(
    services: Services, repository: ChartRepository, name: str, known: Sequence[ChartVersion]
) -> Sequence[ChartVersion]:
    """What a refreshed index would leave us with, without writing it down."""
    try:
        offers = await _offers(services, repository, login_of(services, repository))
    except ValidationFailed:
        return known
    pins = {row.version: row for row in known if row.archive_digest is not None}
    fresh = [
        ChartVersion(repository_id=repository.id, **{f: getattr(offer, f) for f in Offer.__slots__})
        for offer in offers
        if offer.name == name and offer.version not in pins
    ]
    return [*pins.values(), *fresh]


async def _pull(services: Services, repository: ChartRepository, chosen: ChartVersion) -> Package:
    limit = services.settings.chart_max_bytes
    if repository.kind is ChartRepositoryKind.OCI:
        content, expected = await _registry(services, repository).pull(chosen.name, chosen.version, limit=limit)
    else:
        assert chosen.url is not None
        _check_address(services, chosen.url)
        login = login_of(services, repository)
        content = await services.downloader.get(chosen.url, limit=limit, login=login, home=repository.url)
        expected = chosen.digest or ""
    package = await asyncio.to_thread(open_package, content, _limits(services))
    if expected and package.digest != expected:
        raise invalid(
            "chart_digest",
            f"The archive of {chosen.name} {chosen.version} is not the one that {repository.name} announces:"
            f" its digest is {package.digest}, not {expected}.",
            "chart",
        )
    if package.name != chosen.name or find([package.version], chosen.version) is None:
        raise invalid(
            "chart_mismatch",
            f"{repository.name} announces {chosen.name} {chosen.version} and gives {package.name} {package.version}.",
            "chart",
        )
    return package


async def _offers(services: Services, repository: ChartRepository, login: Login | None) -> list[Offer]:
    url = f"{repository.url}/index.yaml"
    content = await services.downloader.get(url, limit=services.settings.index_max_bytes, login=login)
    return await asyncio.to_thread(read_index, content, url)


async def _write_offers(
    session: AsyncSession, repository: ChartRepository, offers: list[Offer], *, replace: bool = True
) -> None:
    """Writes what a repository offers; what it offers no more goes, except where it is pinned."""
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


async def _set_pin(session: AsyncSession, repository: ChartRepository, package: Package, version: str) -> None:
    """Pins a version, as the repository writes it, to what was pulled for it."""
    await session.execute(
        update(ChartVersion)
        .where(col(ChartVersion.repository_id) == repository.id)
        .where(col(ChartVersion.name) == package.name, col(ChartVersion.version) == version)
        .values(archive_digest=package.digest)
    )


def _offer_of(package: Package, chosen: ChartVersion | None = None) -> Offer:
    return Offer(
        name=package.name,
        version=chosen.version if chosen else package.version,
        app_version=package.app_version,
        description=package.description,
        deprecated=chosen.deprecated if chosen else False,
        url=chosen.url if chosen else None,
        digest=package.digest,
    )


def _registry(services: Services, repository: ChartRepository) -> Registry:
    plain = services.settings.is_plain_http(urlsplit(repository.url).netloc)
    return Registry(services.downloader, repository.url, login_of(services, repository), plain_http=plain)


def _check_address(services: Services, url: str) -> None:
    check_address(url, services.settings.is_plain_http)


def _limits(services: Services) -> Limits:
    return Limits(services.settings.chart_max_bytes, services.settings.chart_max_unpacked_bytes)
