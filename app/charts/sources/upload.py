"""Repositories of uploaded charts. Their archives are stored when they are uploaded, and never change."""

from typing import ClassVar

from app.charts.codes import ChartCode
from app.charts.download import Login
from app.charts.index import Offer
from app.charts.services import ChartServices
from app.charts.sources.source import Source
from app.core.errors import NotFound
from app.tables.charts import ChartRepository, ChartRepositoryKind, ChartVersion


class UploadSource(Source):
    kind: ClassVar = ChartRepositoryKind.UPLOAD
    schemes: ClassVar[tuple[str, ...]] = ()
    address: ClassVar = ""
    has_index: ClassVar = False
    is_remote: ClassVar = False

    def __init__(self, services: ChartServices, repository: ChartRepository, login: Login | None) -> None:
        self._name = repository.name

    def check_address(self) -> None:
        pass

    async def index(self) -> list[Offer]:
        return []

    async def versions(self, name: str) -> list[str]:
        return []

    async def pull(self, chosen: ChartVersion) -> tuple[bytes, str]:
        message = f"The archive of {chosen.name} {chosen.version} in {self._name} was removed."
        raise NotFound(ChartCode.CHART_VERSION_NOT_FOUND, message, ("version",))

    async def digest(self, chosen: ChartVersion) -> str | None:
        return None
