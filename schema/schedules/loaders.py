"""The loaders of schedules."""

from app.tables.schedules import WorkflowSchedule
from schema.loading import by_id

schedule_by_id = by_id(WorkflowSchedule)
