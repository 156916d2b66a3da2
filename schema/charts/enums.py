"""The subject's enums, as those of the API."""

import strawberry

from app.tables.charts import ChartRepositoryKind

strawberry.enum(ChartRepositoryKind)

__all__ = ["ChartRepositoryKind"]
