"""Workflow definitions, and the types of their steps."""

from datetime import datetime

import strawberry

from app.automation.lists import revisions_page
from app.core.paging import DEFAULT, Window
from app.tables import workflows as tables
from app.workflows.step_types import StepType
from schema.context import Info
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.scalars import JSON
from schema.workflows.loaders import current_revision


@strawberry.type(description="A definition of a workflow as it was saved.")
class WorkflowRevision:
    number: int = strawberry.field(description="Increases by one with every change of the workflow.")
    definition: str = strawberry.field(description="The definition, in YAML.")
    author: str = strawberry.field(description="The name of the user who saved it.")
    created_at: datetime

    @classmethod
    def of(cls, row: tables.WorkflowRevision) -> "WorkflowRevision":
        return cls(number=row.number, definition=row.text, author=row.author, created_at=row.created_at)


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
        row = await info.context.load[current_revision].load(self.row_id)
        return None if row is None else WorkflowRevision.of(row)

    @strawberry.field(description="The latest 100 revisions, newest first.")
    async def revisions(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[WorkflowRevision]:
        page = await revisions_page(info.context.services, self.row_id, Window.of(first, after))
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


@strawberry.type(description="A type of steps: a function from inputs to outputs.")
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
