"""Workflows by page and by name, the language of their definitions, and their runs."""

import strawberry

from app.automation.lists import REVISIONS, STEP_REVISIONS
from app.automation.runs import runs_page
from app.core.paging import DEFAULT, Window
from app.workflows.language import SCHEMA
from app.workflows.step_types import STEP_TYPES
from schema.context import Info
from schema.relay.connections import Connection, to_connection
from schema.scalars import JSON
from schema.workflows.enums import RunState
from schema.workflows.runs import WorkflowRun
from schema.workflows.types import StepDefinition, WorkflowDefinition, WorkflowStepType


@strawberry.type
class Queries:
    @strawberry.field(description="The workflows of the organization, by name.")
    async def workflows(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[WorkflowDefinition]:
        organization_id = info.context.viewer.organization(organization)
        page = await REVISIONS.definitions(info.context.services, organization_id, Window.of(first, after))
        return to_connection(page, WorkflowDefinition.of)

    @strawberry.field(description="The workflow with this name. Null if there is none.")
    async def workflow(self, info: Info, name: str, organization: str | None = None) -> WorkflowDefinition | None:
        organization_id = info.context.viewer.organization(organization)
        row = await REVISIONS.by_name(info.context.services, organization_id, name)
        return None if row is None else WorkflowDefinition.of(row)

    @strawberry.field(description="The step definitions of the organization, by name.")
    async def step_definitions(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[StepDefinition]:
        organization_id = info.context.viewer.organization(organization)
        page = await STEP_REVISIONS.definitions(info.context.services, organization_id, Window.of(first, after))
        return to_connection(page, StepDefinition.of)

    @strawberry.field(description="The step definition with this name. Null if there is none.")
    async def step_definition(self, info: Info, name: str, organization: str | None = None) -> StepDefinition | None:
        organization_id = info.context.viewer.organization(organization)
        row = await STEP_REVISIONS.by_name(info.context.services, organization_id, name)
        return None if row is None else StepDefinition.of(row)

    @strawberry.field(
        description="The built-in types that steps of workflows can have, by name. `stepDefinitions` are the others."
    )
    def workflow_step_types(self, info: Info) -> list[WorkflowStepType]:
        _ = info.context.viewer  # raises for anonymous callers
        return [WorkflowStepType.of(found) for _, found in sorted(STEP_TYPES.items())]

    @strawberry.field(description="The JSON Schema of workflow definitions, for editors.")
    def workflow_language(self, info: Info) -> JSON:
        _ = info.context.viewer  # raises for anonymous callers
        return JSON(SCHEMA)

    @strawberry.field(description="A run of a workflow. Members of the organization can see it.")
    async def workflow_run(self, info: Info, id: strawberry.ID) -> WorkflowRun | None:  # noqa: A002
        found = await info.context.node(id)
        return found if isinstance(found, WorkflowRun) else None

    @strawberry.field(description="The runs of an organization or of one workflow, newest first.")
    async def workflow_runs(
        self,
        info: Info,
        organization: str | None = None,
        workflow: str | None = None,
        workflow_id: str | None = None,
        state: list[RunState] | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[WorkflowRun]:
        page = await runs_page(
            info.context.services,
            info.context.viewer.organization(organization),
            Window.of(first, after),
            workflow=workflow,
            workflow_id=workflow_id,
            states=state,
        )
        return to_connection(page, WorkflowRun.of)
