"""Returns chart repositories and their charts."""

import strawberry

from app.charts import browse
from schema.charts.types import Chart, ChartRepository
from schema.context import Info
from schema.list_length import usually


@strawberry.type
class Queries:
    @strawberry.field
    async def chart_repositories(self, info: Info, organization: str | None = None) -> list[ChartRepository]:
        organization_id = info.context.viewer.organization(organization)
        return [ChartRepository.of(row) for row in await browse.repositories(info.context.services, organization_id)]

    @strawberry.field(
        metadata=usually(200),
        description=f"Charts by name, at most {browse.MOST}. `search` matches name and description.",
    )
    async def charts(self, info: Info, organization: str | None = None, search: str | None = None) -> list[Chart]:
        organization_id = info.context.viewer.organization(organization)
        return [Chart.of(found) for found in await browse.search(info.context.services, organization_id, search)]

    @strawberry.field
    async def chart(self, info: Info, repository: str, name: str, organization: str | None = None) -> Chart | None:
        organization_id = info.context.viewer.organization(organization)
        found = await browse.chart(info.context.services, organization_id, repository, name)
        return Chart.of(found) if found else None
