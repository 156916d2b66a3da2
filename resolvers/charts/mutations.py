"""Adds, refreshes and removes chart repositories, and uploads charts."""

import strawberry

from app.charts import browse, catalog
from app.charts.download import Login
from app.charts.sources import ADDRESSES
from app.identity.permissions import Permission
from resolvers.engine.mutation import mutation
from schema.charts import inputs, payloads
from schema.charts.types import Chart, ChartRepository
from schema.context import Info
from schema.relay.ids import row_id


@strawberry.type
class Mutations:
    @mutation(f"Adds a chart repository, by its address: {ADDRESSES}.", Permission.REPOSITORIES_WRITE)
    async def add_chart_repository(
        self,
        info: Info,
        input: inputs.AddChartRepositoryInput,  # noqa: A002
    ) -> payloads.AddChartRepositoryResult:
        login = Login(input.username, input.password or "") if input.username else None
        row = await catalog.add_repository(
            info.context.services, info.context.viewer, input.organization, input.name, input.url, login
        )
        return payloads.ChartRepositoryPayload(chart_repository=ChartRepository.of(row))

    @mutation("Refreshes the index of a chart repository.", Permission.CHARTS_WRITE)
    async def refresh_chart_repository(
        self,
        info: Info,
        input: inputs.RefreshChartRepositoryInput,  # noqa: A002
    ) -> payloads.RefreshChartRepositoryResult:
        row = await catalog.refresh(info.context.services, info.context.viewer, row_id(input.id, "ChartRepository"))
        return payloads.ChartRepositoryPayload(chart_repository=ChartRepository.of(row))

    @mutation("Removes a chart repository. Charts that deployments use are kept.", Permission.REPOSITORIES_WRITE)
    async def remove_chart_repository(
        self,
        info: Info,
        input: inputs.RemoveChartRepositoryInput,  # noqa: A002
    ) -> payloads.RemoveChartRepositoryResult:
        await catalog.remove_repository(info.context.services, info.context.viewer, row_id(input.id, "ChartRepository"))
        return payloads.RemoveChartRepositoryPayload(id=input.id)

    @mutation(
        "Uploads a packaged chart to an upload repository, which is created if it does not exist.",
        Permission.CHARTS_WRITE,
    )
    async def upload_chart(
        self,
        info: Info,
        input: inputs.UploadChartInput,  # noqa: A002
    ) -> payloads.UploadChartResult:
        services, viewer = info.context.services, info.context.viewer
        pinned = await catalog.upload(services, viewer, input.organization, input.repository, input.archive)
        chart = await browse.chart(
            services, pinned.repository.organization_id, pinned.repository.name, pinned.archive.name
        )
        assert chart is not None
        return payloads.UploadChartPayload(
            chart=Chart.of(chart), version=pinned.archive.version, digest=pinned.archive.digest
        )
