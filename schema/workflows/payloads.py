"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.errors import Conflict, Forbidden, NotFound, ValidationFailed
from schema.workflows.runs import WorkflowRun
from schema.workflows.types import StepDefinition, WorkflowDefinition


@strawberry.type
class WorkflowPayload:
    workflow: WorkflowDefinition


@strawberry.type
class DeleteWorkflowPayload:
    id: strawberry.ID


SaveWorkflowResult = Annotated[
    WorkflowPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("SaveWorkflowResult")
]

DeleteWorkflowResult = Annotated[DeleteWorkflowPayload | NotFound | Forbidden, strawberry.union("DeleteWorkflowResult")]


@strawberry.type
class StepDefinitionPayload:
    step_definition: StepDefinition


@strawberry.type
class DeleteStepDefinitionPayload:
    id: strawberry.ID


SaveStepDefinitionResult = Annotated[
    StepDefinitionPayload | ValidationFailed | NotFound | Conflict | Forbidden,
    strawberry.union("SaveStepDefinitionResult"),
]

DeleteStepDefinitionResult = Annotated[
    DeleteStepDefinitionPayload | NotFound | Conflict | Forbidden, strawberry.union("DeleteStepDefinitionResult")
]


@strawberry.type
class WorkflowRunPayload:
    run: WorkflowRun


StartWorkflowResult = Annotated[
    WorkflowRunPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("StartWorkflowResult")
]

SignalWorkflowResult = Annotated[
    WorkflowRunPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("SignalWorkflowResult")
]


@strawberry.type
class CompletePendingResultPayload:
    is_repeated: bool = strawberry.field(description="Whether the step had this result before.")


CompletePendingResultResult = Annotated[
    CompletePendingResultPayload | ValidationFailed | NotFound | Conflict,
    strawberry.union("CompletePendingResultResult"),
]

ApproveStepResult = Annotated[
    WorkflowRunPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("ApproveStepResult")
]

RejectStepResult = Annotated[
    WorkflowRunPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("RejectStepResult")
]

CancelRunResult = Annotated[WorkflowRunPayload | NotFound | Conflict | Forbidden, strawberry.union("CancelRunResult")]

RerunFromResult = Annotated[
    WorkflowRunPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("RerunFromResult")
]

RetryFailedResult = Annotated[
    WorkflowRunPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("RetryFailedResult")
]

TerminateRunResult = Annotated[
    WorkflowRunPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("TerminateRunResult")
]
