"""The inputs of the subject's mutations."""

import strawberry


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
