"""Workflow definitions, and the types of their steps."""

from datetime import datetime

import strawberry

from app.automation.codes import WorkflowCode
from app.automation.lists import REVISIONS, STEP_REVISIONS
from app.core.errors import NotFound
from app.core.paging import DEFAULT, Window
from app.tables import workflows as tables
from app.workflows.step_types import StepType
from schema.context import Info
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.scalars import JSON
from schema.workflows import loaders


@strawberry.type(description="A definition of a workflow as it was saved.")
class WorkflowRevision:
    row_id: strawberry.Private[int]
    number: int = strawberry.field(description="Increases by one with every change of the workflow.")
    author: str = strawberry.field(description="The name of the user who saved it.")
    created_at: datetime

    @classmethod
    def of(cls, row: tables.WorkflowRevision) -> "WorkflowRevision":
        return cls(row_id=row.id, number=row.number, author=row.author, created_at=row.created_at)

    @strawberry.field(description="The definition, in YAML.")
    async def definition(self, info: Info) -> str:
        text = await info.context.load[loaders.revision_text].load(self.row_id)
        if text is None:
            raise NotFound(
                WorkflowCode.WORKFLOW_NOT_FOUND, "The revision was deleted in the meantime.", ("definition",)
            )
        return text


@strawberry.type(description="A workflow of an organization: steps, their order, and what they exchange.")
class WorkflowDefinition(Node):
    row_id: strawberry.Private[int]
    name: str
    description: str | None
    revision: int = strawberry.field(description="The number of the current revision.")
    created_at: datetime
    updated_at: datetime

    @strawberry.field(description="The current revision. Null if the workflow was deleted in the meantime.")
    async def current(self, info: Info) -> WorkflowRevision | None:
        row = await info.context.load[loaders.current_revision].load(self.row_id)
        return None if row is None else WorkflowRevision.of(row)

    @strawberry.field(description="The revision with this number. Null if there is none, or if it is kept no longer.")
    async def revision_by_number(self, info: Info, number: int) -> WorkflowRevision | None:
        row = await info.context.load[loaders.revision_by_number].load((self.row_id, number))
        return None if row is None else WorkflowRevision.of(row)

    @strawberry.field(description="The latest 100 revisions, newest first.")
    async def revisions(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[WorkflowRevision]:
        page = await REVISIONS.page(info.context.services, self.row_id, Window.of(first, after))
        return to_connection(page, WorkflowRevision.of)

    @classmethod
    def of(cls, row: tables.WorkflowDefinition) -> "WorkflowDefinition":
        return cls(
            id=encode_id("WorkflowDefinition", row.id),
            row_id=row.id,
            name=row.name,
            description=row.description,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(description="A step definition as it was saved.")
class StepDefinitionRevision:
    row_id: strawberry.Private[int]
    number: int = strawberry.field(description="Increases by one with every change of the step definition.")
    author: str = strawberry.field(description="The name of the user who saved it.")
    created_at: datetime

    @classmethod
    def of(cls, row: tables.StepDefinitionRevision) -> "StepDefinitionRevision":
        return cls(row_id=row.id, number=row.number, author=row.author, created_at=row.created_at)

    @strawberry.field(description="The definition, in YAML.")
    async def definition(self, info: Info) -> str:
        text = await info.context.load[loaders.step_revision_text].load(self.row_id)
        if text is None:
            raise NotFound(
                WorkflowCode.STEP_DEFINITION_NOT_FOUND, "The revision was deleted in the meantime.", ("definition",)
            )
        return text


@strawberry.type(
    description="A step type of an organization, made of other steps. Workflows use it as they use built-in ones."
)
class StepDefinition(Node):
    row_id: strawberry.Private[int]
    name: str = strawberry.field(description="The step type.")
    description: str | None
    revision: int = strawberry.field(description="The number of the current revision.")
    created_at: datetime
    updated_at: datetime

    @strawberry.field(description="The current revision. Null if the step definition was deleted in the meantime.")
    async def current(self, info: Info) -> StepDefinitionRevision | None:
        row = await info.context.load[loaders.current_step_revision].load(self.row_id)
        return None if row is None else StepDefinitionRevision.of(row)

    @strawberry.field(description="The revision with this number. Null if there is none, or if it is kept no longer.")
    async def revision_by_number(self, info: Info, number: int) -> StepDefinitionRevision | None:
        row = await info.context.load[loaders.step_revision_by_number].load((self.row_id, number))
        return None if row is None else StepDefinitionRevision.of(row)

    @strawberry.field(description="The latest 100 revisions, newest first.")
    async def revisions(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[StepDefinitionRevision]:
        page = await STEP_REVISIONS.page(info.context.services, self.row_id, Window.of(first, after))
        return to_connection(page, StepDefinitionRevision.of)

    @classmethod
    def of(cls, row: tables.StepDefinition) -> "StepDefinition":
        return cls(
            id=encode_id("StepDefinition", row.id),
            row_id=row.id,
            name=row.name,
            description=row.description,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(description="A built-in type of steps: a function from inputs to outputs.")
class WorkflowStepType:
    name: str
    description: str
    inputs: JSON = strawberry.field(description="The JSON Schema of the inputs.")
    outputs: JSON = strawberry.field(description="The JSON Schema of the outputs.")
    example: str = strawberry.field(description="A step of this type, in YAML.")

    @classmethod
    def of(cls, found: StepType) -> "WorkflowStepType":
        return cls(
            name=found.name,
            description=found.description,
            inputs=JSON(found.inputs),
            outputs=JSON(found.outputs),
            example=found.example,
        )
