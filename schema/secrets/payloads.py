"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.errors import (
    Conflict,
    Forbidden,
    NotFound,
    ValidationFailed,
)
from schema.secrets.types import Secret


@strawberry.type
class SecretPayload:
    secret: Secret


@strawberry.type
class DeleteSecretPayload:
    id: strawberry.ID


CreateSecretResult = Annotated[
    SecretPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("CreateSecretResult")
]

UpdateSecretResult = Annotated[
    SecretPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("UpdateSecretResult")
]

DeleteSecretResult = Annotated[
    DeleteSecretPayload | NotFound | Conflict | Forbidden, strawberry.union("DeleteSecretResult")
]
