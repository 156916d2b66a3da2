"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.errors import Conflict, Forbidden, NotFound, ValidationFailed
from schema.operations.types import Operation


@strawberry.type
class ApiMigrationPayload:
    operations: list[Operation] = strawberry.field(description="One operation for each deployment.")


MigrateApiVersionsResult = Annotated[
    ApiMigrationPayload | ValidationFailed | NotFound | Conflict | Forbidden,
    strawberry.union("MigrateApiVersionsResult"),
]
