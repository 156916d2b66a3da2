"""The loaders of workflows."""

from app.automation.lists import current_revisions, revisions_by_number, texts
from app.tables.workflows import WorkflowDefinition
from schema.loading import by_id, one

workflow_by_id = by_id(WorkflowDefinition)
current_revision = one(current_revisions)
revision_by_number = one(revisions_by_number)
revision_text = one(texts)
