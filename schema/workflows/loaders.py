"""The loaders of workflows."""

from app.automation.lists import REVISIONS
from app.automation.runs import run_documents, runs_by_id, waiting_steps
from app.tables.workflows import WorkflowDefinition
from schema.loading import by_id, one

workflow_by_id = by_id(WorkflowDefinition)
current_revision = one(REVISIONS.current)
revision_by_number = one(REVISIONS.by_number)
revision_text = one(REVISIONS.texts)
run_by_id = one(runs_by_id)
waiting_by_run = one(waiting_steps)
run_document = one(run_documents)
