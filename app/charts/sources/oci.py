"""OCI registries. They have no index: the versions of a chart are the tags of its repository."""

from functools import cached_property
from typing import ClassVar
from urllib.parse import urlsplit

from app.charts.download import check_address
from app.charts.index import Offer
from app.charts.registry import Registry, check_registry_address
from app.charts.sources.source import RemoteSource
from app.tables.charts import ChartRepositoryKind, ChartVersion


class OciSource(RemoteSource):
    kind: ClassVar = ChartRepositoryKind.OCI
    schemes: ClassVar[tuple[str, ...]] = ("oci",)
    address: ClassVar = "oci://host/path"
    has_index: ClassVar = False

    def check_address(self) -> None:
        url = self._repository.url
        check_address(url.replace("oci://", "https://", 1), self._services.settings.is_plain_http)
        check_registry_address(url)

    async def index(self) -> list[Offer]:
        return []

    async def versions(self, name: str) -> list[str]:
        return await self._registry.versions(name)

    async def pull(self, chosen: ChartVersion) -> tuple[bytes, str]:
        return await self._registry.pull(chosen.name, chosen.version, limit=self._services.settings.chart_max_bytes)

    async def digest(self, chosen: ChartVersion) -> str | None:
        return await self._registry.digest(chosen.name, chosen.version)

    @cached_property
    def _registry(self) -> Registry:
        url, share = self._repository.url, self._repository.organization_id
        plain = self._services.settings.is_plain_http(urlsplit(url).netloc)
        return Registry(self._services.downloader, url, self._login, share=share, plain_http=plain)
