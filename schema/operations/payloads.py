"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.errors import (
    Conflict,
    Forbidden,
    NotFound,
)
from schema.operations.types import Operation


@strawberry.type
class OperationPayload:
    operation: Operation


CancelOperationResult = Annotated[
    OperationPayload | NotFound | Conflict | Forbidden, strawberry.union("CancelOperationResult")
]
