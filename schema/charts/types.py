"""Chart repositories, charts and their versions. The content of a chart is read only if a field needs it."""

from datetime import datetime

import strawberry

from app.charts.browse import KnownChart
from app.charts.pinning import read
from app.releases.versions import find, newest_stable
from app.tables import charts as tables
from schema.charts.enums import ChartRepositoryKind
from schema.context import Info
from schema.list_length import usually
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.scalars import JSON


@strawberry.type(description="A chart repository.")
class ChartRepository(Node):
    name: str
    url: str
    kind: ChartRepositoryKind
    refreshed_at: datetime | None
    error: str | None = strawberry.field(
        description="Why the index could not be read the last time; null if it was read."
    )

    @classmethod
    def of(cls, row: tables.ChartRepository) -> "ChartRepository":
        return cls(
            id=encode_id("ChartRepository", row.id),
            name=row.name,
            url=row.url,
            kind=row.kind,
            refreshed_at=row.refreshed_at,
            error=row.error,
        )


@strawberry.type(description="One version of a chart. Its archive is downloaded when its contents are first requested.")
class ChartVersion:
    row: strawberry.Private[tables.ChartVersion]
    repository: strawberry.Private[tables.ChartRepository]
    version: str
    app_version: str | None
    deprecated: bool

    @strawberry.field(description="The SHA-256 digest of the archive, in hexadecimal.")
    async def digest(self, info: Info) -> str:
        known = self.row.archive_digest or self.row.digest
        return known or (await read(info.context.services, self.repository, self.row)).digest

    @strawberry.field(description="The chart's values.yaml, unchanged.")
    async def default_values(self, info: Info) -> str:
        return (await read(info.context.services, self.repository, self.row)).default_values

    @strawberry.field(description="The chart's values.schema.json.")
    async def values_schema(self, info: Info) -> JSON | None:
        return (await read(info.context.services, self.repository, self.row)).values_schema

    @strawberry.field(description="The chart's README.md.")
    async def readme(self, info: Info) -> str | None:
        return (await read(info.context.services, self.repository, self.row)).readme

    @classmethod
    def of(cls, row: tables.ChartVersion, repository: tables.ChartRepository) -> "ChartVersion":
        return cls(
            row=row,
            repository=repository,
            version=row.version,
            app_version=row.app_version,
            deprecated=row.deprecated,
        )


@strawberry.type
class Chart:
    known: strawberry.Private[KnownChart]
    repository: str
    name: str
    description: str | None
    versions: list[ChartVersion] = strawberry.field(metadata=usually(50), description="All versions, newest first.")

    @strawberry.field(description="One version; the newest stable version by default.")
    def version(self, version: str | None = None) -> ChartVersion | None:
        by_version = {row.version: row for row in self.known.versions}
        chosen = find(by_version, version) if version else newest_stable(by_version)
        return ChartVersion.of(by_version[chosen], self.known.repository) if chosen else None

    @classmethod
    def of(cls, chart: KnownChart) -> "Chart":
        return cls(
            known=chart,
            repository=chart.repository.name,
            name=chart.name,
            description=chart.description,
            versions=[ChartVersion.of(row, chart.repository) for row in chart.versions],
        )
