"""The inputs of the subject's mutations."""

import strawberry


@strawberry.input
class SaveServiceDefinitionInput:
    definition: str = strawberry.field(
        description="The definition in YAML or JSON, of at most 256 KiB. Its `name` is that of the service."
        " `serviceLanguage` is its JSON Schema."
    )
    revision: int | None = strawberry.field(
        default=None,
        description="The revision that the organization's definition must have; 0 if it must have none. Default: any.",
    )
    organization: str | None = None


@strawberry.input
class DeleteServiceDefinitionInput:
    id: strawberry.ID
