"""Registers workflows with the API. Definitions can hold anything, so the audit log masks them."""

from resolvers.engine.subject import Subject, visible
from resolvers.workflows.mutations import Mutations
from resolvers.workflows.queries import Queries
from resolvers.workflows.subscriptions import Subscriptions
from schema.workflows.loaders import run_by_id, step_definition_by_id, workflow_by_id
from schema.workflows.runs import WorkflowRun
from schema.workflows.types import StepDefinition, WorkflowDefinition

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    subscription=Subscriptions,
    nodes={
        WorkflowDefinition: visible(workflow_by_id, WorkflowDefinition.of),
        StepDefinition: visible(step_definition_by_id, StepDefinition.of),
        WorkflowRun: visible(run_by_id, WorkflowRun.of),
    },
    plain_fields={
        *("id", "organization", "workflow", "workflowId", "onConflict", "run", "signal", "step"),
        *("comment", "reason"),
    },
)
