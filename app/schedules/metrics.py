"""Metrics of schedules."""

from prometheus_client import Counter, Gauge
from sqlalchemy import func, select
from sqlmodel import col

from app.core.services import Services
from app.tables.schedules import WorkflowSchedule

SCHEDULES = Gauge("polyhelm_workflow_schedules", "Schedules of workflows.", ["state"])
TIMES = Counter("polyhelm_workflow_schedule_times_total", "Times of schedules, by what came of them.", ["outcome"])

_COUNTS = select(col(WorkflowSchedule.is_paused), func.count()).group_by(col(WorkflowSchedule.is_paused))


async def count_schedules(services: Services) -> None:
    """Sets the numbers of schedules."""
    counts = {row[0]: row[1] for row in await services.database.rows(_COUNTS)}
    SCHEDULES.labels("active").set(counts.get(False, 0))
    SCHEDULES.labels("paused").set(counts.get(True, 0))
