"""What fields of many objects ask for about charts."""

from app.charts.storage import archives
from app.tables.charts import ChartRepository
from schema.loading import by_id, existing

repository_by_id = by_id(ChartRepository)
archive_by_digest = existing(archives)
