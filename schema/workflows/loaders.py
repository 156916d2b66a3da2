"""The loaders of workflows."""

from app.automation.lists import REVISIONS, STEP_REVISIONS
from app.automation.runs import run_documents, runs_by_id, waiting_steps
from app.tables.workflows import StepDefinition, WorkflowDefinition
from schema.loading import by_id, one

workflow_by_id = by_id(WorkflowDefinition)
current_revision = one(REVISIONS.current)
revision_by_number = one(REVISIONS.by_number)
revision_text = one(REVISIONS.texts)
step_definition_by_id = by_id(StepDefinition)
current_step_revision = one(STEP_REVISIONS.current)
step_revision_by_number = one(STEP_REVISIONS.by_number)
step_revision_text = one(STEP_REVISIONS.texts)
run_by_id = one(runs_by_id)
waiting_by_run = one(waiting_steps)
run_document = one(run_documents)
