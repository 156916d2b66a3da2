"""The inputs of the subject's mutations."""

import strawberry

from schema.scalars import JSON
from schema.workflows.enums import OnConflict, RerunMode


@strawberry.input
class SaveWorkflowInput:
    definition: str = strawberry.field(
        description="The definition in YAML or JSON, of at most 256 KiB. Its `name` is that of the workflow."
        " `workflowLanguage` is its JSON Schema."
    )
    revision: int | None = strawberry.field(
        default=None, description="The revision that the workflow must have; 0 if there must be none. Default: any."
    )
    organization: str | None = None


@strawberry.input
class DeleteWorkflowInput:
    id: strawberry.ID


@strawberry.input
class SaveStepDefinitionInput:
    definition: str = strawberry.field(
        description="The definition in YAML or JSON, of at most 256 KiB, in the language of workflows. Its `name` is"
        " the step type, its `parameters` are the inputs, and its `outputs` are the outputs."
    )
    revision: int | None = strawberry.field(
        default=None,
        description="The revision that the step definition must have; 0 if there must be none. Default: any.",
    )
    organization: str | None = None


@strawberry.input
class DeleteStepDefinitionInput:
    id: strawberry.ID


@strawberry.input
class StartWorkflowInput:
    workflow: str = strawberry.field(description="The name of the workflow. Its current revision runs.")
    parameters: JSON | None = strawberry.field(
        default=None, description="The parameters, as the schema of the workflow describes them. Default: none."
    )
    workflow_id: str | None = strawberry.field(
        default=None,
        description="What the run is about, such as a name of a cluster. At most one run with an id is in progress."
        " Default: an id of its own.",
    )
    on_conflict: OnConflict = strawberry.field(
        default=OnConflict.REFUSE, description="What happens if a run with this id is in progress."
    )
    organization: str | None = None


@strawberry.input
class SignalWorkflowInput:
    run: strawberry.ID
    signal: str = strawberry.field(description="The name of the signal.")
    payload: JSON | None = strawberry.field(default=None, description="What the step that takes it returns.")


@strawberry.input
class CompletePendingResultInput:
    token: str = strawberry.field(description="The token that the step has sent.")
    result: JSON | None = strawberry.field(default=None, description="What the step returns. Default: null.")
    error: str | None = strawberry.field(default=None, description="Why there is no result: the step fails.")


@strawberry.input
class ApproveStepInput:
    run: strawberry.ID
    step: str = strawberry.field(description="The path of the step.")
    comment: str | None = None


@strawberry.input
class RejectStepInput:
    run: strawberry.ID
    step: str = strawberry.field(description="The path of the step.")
    comment: str | None = None


@strawberry.input
class CancelRunInput:
    run: strawberry.ID


@strawberry.input
class RerunFromInput:
    run: strawberry.ID
    step: str = strawberry.field(description="The path of the step.")
    mode: RerunMode = strawberry.field(
        default=RerunMode.NEW_RUN, description="Whether a new run repeats the steps, or the same run continues."
    )


@strawberry.input
class RetryFailedInput:
    run: strawberry.ID
    mode: RerunMode = strawberry.field(
        default=RerunMode.NEW_RUN, description="Whether a new run repeats the steps, or the same run continues."
    )


@strawberry.input
class TerminateRunInput:
    run: strawberry.ID
    reason: str
