"""The loaders of workflows."""

from app.automation.lists import current_revisions
from app.tables.workflows import WorkflowDefinition
from schema.loading import by_id, one

workflow_by_id = by_id(WorkflowDefinition)
current_revision = one(current_revisions)
