"""Where the charts of a repository come from.

A kind of repository is a module here with one `Source`, and a line in `SOURCES`. Nothing else, apart from the use case
that uploads charts, depends on a repository's kind.
"""

from collections.abc import Mapping

from app.charts.codes import ChartCode
from app.charts.download import Login
from app.charts.offers import login_of
from app.charts.services import ChartServices
from app.charts.sources.http import HttpSource
from app.charts.sources.oci import OciSource
from app.charts.sources.source import Source
from app.charts.sources.upload import UploadSource
from app.core.errors import invalid
from app.tables.charts import ChartRepository, ChartRepositoryKind

SOURCES: tuple[type[Source], ...] = (HttpSource, OciSource, UploadSource)

BY_KIND: Mapping[ChartRepositoryKind, type[Source]] = {source.kind: source for source in SOURCES}
INDEXED = tuple(source.kind for source in SOURCES if source.has_index)
"""The kinds of repositories with an index that is stored and read again when it is old."""
REMOTE = tuple(source.kind for source in SOURCES if source.is_remote)
"""The kinds of repositories from which archives can be pulled again."""
ADDRESSES = " or ".join(source.address for source in SOURCES if source.address)
"""How addresses of repositories look, for people."""


def source_of(services: ChartServices, repository: ChartRepository, login: Login | None = None) -> Source:
    """The source of a repository, with the stored credentials unless others are given.

    Raises:
        KeyRingError: The stored credentials cannot be decrypted.
    """
    return BY_KIND[repository.kind](services, repository, login or login_of(services, repository))


def kind_of(url: str) -> ChartRepositoryKind:
    """The kind of repository that has such an address.

    Raises:
        ValidationFailed: No kind has one.
    """
    scheme, separator, _ = url.partition("://")
    for source in SOURCES:
        if separator and scheme.lower() in source.schemes:
            return source.kind
    raise invalid(ChartCode.URL_NOT_SUPPORTED, f"The address of a chart repository is {ADDRESSES}.", "url")
