"""Registers workflows with the API. Definitions can hold anything, so the audit log masks them."""

from resolvers.engine.subject import Subject, visible
from resolvers.workflows.mutations import Mutations
from resolvers.workflows.queries import Queries
from schema.workflows.loaders import workflow_by_id
from schema.workflows.types import WorkflowDefinition

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    nodes={WorkflowDefinition: visible(workflow_by_id, WorkflowDefinition.of)},
    plain_fields={"id", "organization"},
)
