"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.errors import Conflict, Forbidden, NotFound, ValidationFailed
from schema.services.types import Service


@strawberry.type
class ServicePayload:
    service: Service = strawberry.field(description="The service. Its `warnings` are those of the new definition.")


@strawberry.type
class DeleteServiceDefinitionPayload:
    id: strawberry.ID


SaveServiceDefinitionResult = Annotated[
    ServicePayload | ValidationFailed | NotFound | Conflict | Forbidden,
    strawberry.union("SaveServiceDefinitionResult"),
]

DeleteServiceDefinitionResult = Annotated[
    DeleteServiceDefinitionPayload | NotFound | Forbidden, strawberry.union("DeleteServiceDefinitionResult")
]
