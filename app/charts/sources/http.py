"""Chart repositories over HTTP, with an `index.yaml`."""

import hashlib
from typing import ClassVar

from app.charts.download import check_address
from app.charts.index import Offer, read_index
from app.charts.sources.source import RemoteSource
from app.core.threads import in_thread
from app.tables.charts import ChartRepositoryKind, ChartVersion


class HttpSource(RemoteSource):
    kind: ClassVar = ChartRepositoryKind.HTTP
    schemes: ClassVar[tuple[str, ...]] = ("https", "http")
    address: ClassVar = "https://host/path"
    has_index: ClassVar = True

    def check_address(self) -> None:
        check_address(self._repository.url, self._services.settings.is_plain_http)

    async def index(self) -> list[Offer]:
        url = f"{self._repository.url}/index.yaml"
        content = await self._get(url, limit=self._services.settings.index_max_bytes)
        return await in_thread(read_index, content, url)

    async def versions(self, name: str) -> list[str]:
        return [offer.version for offer in await self.index() if offer.name == name]

    async def pull(self, chosen: ChartVersion) -> tuple[bytes, str]:
        return await self._archive(chosen), chosen.digest or ""

    async def digest(self, chosen: ChartVersion) -> str | None:
        if chosen.url is None:
            return None
        return hashlib.sha256(await self._archive(chosen)).hexdigest()

    async def _archive(self, chosen: ChartVersion) -> bytes:
        assert chosen.url is not None
        check_address(chosen.url, self._services.settings.is_plain_http)
        return await self._get(chosen.url, limit=self._services.settings.chart_max_bytes)

    async def _get(self, url: str, *, limit: int) -> bytes:
        share, home = self._repository.organization_id, self._repository.url
        return await self._services.downloader.get(url, share=share, limit=limit, login=self._login, home=home)
