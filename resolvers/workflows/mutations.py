"""Workflows: saved and deleted."""

import strawberry

from app.automation.saving import delete_workflow, save_workflow
from app.identity.permissions import Permission
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.relay.ids import row_id
from schema.workflows import inputs, payloads
from schema.workflows.types import WorkflowDefinition


@strawberry.type
class Mutations:
    @mutation(
        "Checks a definition, and saves it as a new revision of the workflow with its name. The check finds unknown"
        " step types, cycles, steps that never run, outputs that nothing uses, and expressions and inputs of a wrong"
        " type; each problem has its place in the definition.",
        Permission.WORKFLOWS_DEFINE,
    )
    async def save_workflow(
        self,
        info: Info,
        input: inputs.SaveWorkflowInput,  # noqa: A002
    ) -> payloads.SaveWorkflowResult:
        services, viewer = info.context.services, info.context.viewer
        row = await save_workflow(services, viewer, input.organization, input.definition, input.revision)
        return payloads.WorkflowPayload(workflow=WorkflowDefinition.of(row))

    @mutation("Deletes a workflow with all its revisions.", Permission.WORKFLOWS_DEFINE)
    async def delete_workflow(
        self,
        info: Info,
        input: inputs.DeleteWorkflowInput,  # noqa: A002
    ) -> payloads.DeleteWorkflowResult:
        await delete_workflow(info.context.services, info.context.viewer, row_id(input.id, "WorkflowDefinition"))
        return payloads.DeleteWorkflowPayload(id=input.id)
