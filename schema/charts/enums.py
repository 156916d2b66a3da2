"""Registers the enums of charts with the API, with their descriptions. The subject defines them."""

import strawberry

from app.tables.charts import ChartRepositoryKind

strawberry.enum(ChartRepositoryKind)

__all__ = ["ChartRepositoryKind"]
