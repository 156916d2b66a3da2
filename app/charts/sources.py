"""What differs between the kinds of chart repositories: an index over HTTP, an OCI registry, and uploads.

Another kind, such as Git, is a member of `ChartRepositoryKind` and a case in each function here; mypy lists the
functions that lack one. No other module depends on the kind of a repository.
"""

import hashlib
from collections.abc import Sequence
from typing import assert_never
from urllib.parse import urlsplit

from app.charts.download import Login
from app.charts.index import Offer
from app.charts.offers import check_repository_address, fetch_offers, login_of, refresh_repository, versions_of
from app.charts.registry import Registry, check_registry_address
from app.charts.services import ChartServices
from app.charts.versions import find
from app.core.errors import ValidationFailed
from app.core.services import Services
from app.tables.charts import ChartRepository, ChartRepositoryKind, ChartVersion
from app.tables.columns import now

CHANGEABLE = tuple(kind for kind in ChartRepositoryKind if kind is not ChartRepositoryKind.UPLOAD)
"""The kinds whose archives are pulled from elsewhere, where they may change and from where they can be pulled again."""

_STALE_INDEX_SECONDS = 30
"""The minimum age of an index before it is refreshed for a version that it does not have."""


def kind_of(url: str) -> ChartRepositoryKind:
    return ChartRepositoryKind.OCI if url.startswith("oci://") else ChartRepositoryKind.HTTP


def check_url(services: Services, repository: ChartRepository) -> None:
    """Raises ValidationFailed unless charts may be pulled from the URL of a new repository."""
    match repository.kind:
        case ChartRepositoryKind.HTTP:
            check_repository_address(services, repository.url)
        case ChartRepositoryKind.OCI:
            check_repository_address(services, repository.url.replace("oci://", "https://", 1))
            check_registry_address(repository.url)
        case ChartRepositoryKind.UPLOAD:
            pass
        case _:
            assert_never(repository.kind)


async def read_offers(services: ChartServices, repository: ChartRepository, login: Login | None) -> list[Offer]:
    """Returns the charts of a new repository, if it has an index of them."""
    match repository.kind:
        case ChartRepositoryKind.HTTP:
            return await fetch_offers(services, repository, login)
        case ChartRepositoryKind.OCI | ChartRepositoryKind.UPLOAD:
            return []
        case _:
            assert_never(repository.kind)


async def refreshed(services: ChartServices, repository: ChartRepository) -> ChartRepository:
    """Reads the index of a repository again, if it has one."""
    match repository.kind:
        case ChartRepositoryKind.HTTP:
            return await refresh_repository(services, repository)
        case ChartRepositoryKind.OCI | ChartRepositoryKind.UPLOAD:
            return repository  # a registry is read when it is needed, and an upload repository has no index
        case _:
            assert_never(repository.kind)


async def current_versions(
    services: ChartServices, repository: ChartRepository, name: str, version: str | None, *, keep: bool = True
) -> Sequence[ChartVersion]:
    """Returns the offers of a chart, from a refreshed index if the stored one is old. Without `keep`, the refreshed one
    is not stored."""
    known = await versions_of(services, repository, name)
    has_it = find((row.version for row in known), version) is not None if version else False
    if has_it:
        return known
    match repository.kind:
        case ChartRepositoryKind.UPLOAD:
            return known
        case ChartRepositoryKind.OCI:
            tags = await _registry(services, repository).versions(name)
            pins = {row.version: row for row in known}
            return [pins.get(tag) or ChartVersion(repository_id=repository.id, name=name, version=tag) for tag in tags]
        case ChartRepositoryKind.HTTP:
            refresh_every = services.settings.chart_refresh_every
            age = (now() - repository.refreshed_at).total_seconds() if repository.refreshed_at else None
            if age is not None and age <= (_STALE_INDEX_SECONDS if version or not known else refresh_every):
                return known
            if not keep:
                return await _offered_now(services, repository, name, known)
            await refresh_repository(services, repository)
            return await versions_of(services, repository, name)
        case _:
            assert_never(repository.kind)


async def pull(services: ChartServices, repository: ChartRepository, chosen: ChartVersion) -> tuple[bytes, str]:
    """Returns the archive of a version and the digest that the repository announces for it, which may be empty."""
    match repository.kind:
        case ChartRepositoryKind.OCI:
            limit = services.settings.chart_max_bytes
            return await _registry(services, repository).pull(chosen.name, chosen.version, limit=limit)
        case ChartRepositoryKind.HTTP | ChartRepositoryKind.UPLOAD:
            return await _download(services, repository, chosen), chosen.digest or ""
        case _:
            assert_never(repository.kind)


async def offered_digest(services: ChartServices, repository: ChartRepository, chosen: ChartVersion) -> str | None:
    """Returns the SHA-256 of the archive that the repository offers now, or None if it cannot have changed."""
    match repository.kind:
        case ChartRepositoryKind.OCI:
            return await _registry(services, repository).digest(chosen.name, chosen.version)
        case ChartRepositoryKind.HTTP:
            if chosen.url is None:
                return None
            return hashlib.sha256(await _download(services, repository, chosen)).hexdigest()
        case ChartRepositoryKind.UPLOAD:
            return None
        case _:
            assert_never(repository.kind)


async def _offered_now(
    services: ChartServices, repository: ChartRepository, name: str, known: Sequence[ChartVersion]
) -> Sequence[ChartVersion]:
    """Returns the offers in a refreshed index without storing it."""
    try:
        offers = await fetch_offers(services, repository, login_of(services, repository))
    except ValidationFailed:
        return known
    pins = {row.version: row for row in known if row.archive_digest is not None}
    fresh = [
        ChartVersion(repository_id=repository.id, **{f: getattr(offer, f) for f in Offer.__slots__})
        for offer in offers
        if offer.name == name and offer.version not in pins
    ]
    return [*pins.values(), *fresh]


async def _download(services: ChartServices, repository: ChartRepository, chosen: ChartVersion) -> bytes:
    assert chosen.url is not None
    check_repository_address(services, chosen.url)
    return await services.downloader.get(
        chosen.url,
        share=repository.organization_id,
        limit=services.settings.chart_max_bytes,
        login=login_of(services, repository),
        home=repository.url,
    )


def _registry(services: ChartServices, repository: ChartRepository) -> Registry:
    plain = services.settings.is_plain_http(urlsplit(repository.url).netloc)
    share = repository.organization_id
    return Registry(services.downloader, repository.url, login_of(services, repository), share=share, plain_http=plain)
