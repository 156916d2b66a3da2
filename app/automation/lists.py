"""Workflows and step definitions with their revisions."""

from app.definitions.revisions import Revisions
from app.tables.workflows import StepDefinition, StepDefinitionRevision, WorkflowDefinition, WorkflowRevision

REVISIONS = Revisions(WorkflowDefinition, WorkflowRevision, "workflows", most=500)
STEP_REVISIONS = Revisions(StepDefinition, StepDefinitionRevision, "step definitions", most=200)
