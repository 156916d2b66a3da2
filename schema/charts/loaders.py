"""Loaders of charts: each reads what the same field of many objects needs in one query."""

from app.charts.storage import archives
from app.tables.charts import ChartRepository
from schema.loading import by_id, existing

repository_by_id = by_id(ChartRepository)
archive_by_digest = existing(archives)
