"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.charts.types import Chart, ChartRepository
from schema.errors import (
    Conflict,
    Forbidden,
    NotFound,
    ValidationFailed,
)


@strawberry.type
class ChartRepositoryPayload:
    chart_repository: ChartRepository


@strawberry.type
class RemoveChartRepositoryPayload:
    id: strawberry.ID


@strawberry.type
class UploadChartPayload:
    chart: Chart
    version: str
    digest: str


AddChartRepositoryResult = Annotated[
    ChartRepositoryPayload | ValidationFailed | NotFound | Conflict | Forbidden,
    strawberry.union("AddChartRepositoryResult"),
]

RefreshChartRepositoryResult = Annotated[
    ChartRepositoryPayload | NotFound | Forbidden, strawberry.union("RefreshChartRepositoryResult")
]

RemoveChartRepositoryResult = Annotated[
    RemoveChartRepositoryPayload | NotFound | Forbidden, strawberry.union("RemoveChartRepositoryResult")
]

UploadChartResult = Annotated[
    UploadChartPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("UploadChartResult")
]
