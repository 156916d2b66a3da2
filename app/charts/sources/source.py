"""Defines a source of charts: a chart repository of one kind."""

from typing import ClassVar, Protocol

from app.charts.download import Login
from app.charts.index import Offer
from app.charts.services import ChartServices
from app.tables.charts import ChartRepository, ChartRepositoryKind, ChartVersion


class Source(Protocol):
    """One chart repository. Requests to it use connections of its organization.

    `schemes` are those of its addresses, and `address` shows one; a repository without an address has none. `has_index`
    says that an index lists its charts: it is stored, and read again when it is old. `is_remote` says that its archives
    come from elsewhere, where they may change and from where they can be pulled again.
    """

    kind: ClassVar[ChartRepositoryKind]
    schemes: ClassVar[tuple[str, ...]]
    address: ClassVar[str]
    has_index: ClassVar[bool]
    is_remote: ClassVar[bool]

    def __init__(self, services: ChartServices, repository: ChartRepository, login: Login | None) -> None: ...

    def check_address(self) -> None:
        """Checks the address of a new repository.

        Raises:
            ValidationFailed: Charts may not be pulled from there.
        """

    async def index(self) -> list[Offer]:
        """Reads the index; empty for a source without one.

        Raises:
            ValidationFailed: It cannot be read.
        """

    async def versions(self, name: str) -> list[str]:
        """Asks for the versions of a chart. Only a remote source without an index is asked.

        Raises:
            ValidationFailed: The name is not valid there, or the repository refuses.
        """

    async def pull(self, chosen: ChartVersion) -> tuple[bytes, str]:
        """Returns the archive of a version and the SHA-256 that the repository announces for it, which may be empty.

        Raises:
            ValidationFailed: It cannot be pulled.
        """

    async def digest(self, chosen: ChartVersion) -> str | None:
        """Returns the SHA-256 of the archive that is offered now; None if it cannot have changed.

        Raises:
            ValidationFailed: The repository does not say.
        """


class RemoteSource(Source):
    """A repository that is asked over the network."""

    is_remote: ClassVar = True

    def __init__(self, services: ChartServices, repository: ChartRepository, login: Login | None) -> None:
        self._services = services
        self._repository = repository
        self._login = login
