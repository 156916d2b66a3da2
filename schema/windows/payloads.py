"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.errors import Conflict, Forbidden, NotFound, ValidationFailed
from schema.windows.types import ChangeWindow


@strawberry.type
class ChangeWindowPayload:
    change_window: ChangeWindow


@strawberry.type
class DeleteChangeWindowPayload:
    id: strawberry.ID


SetChangeWindowResult = Annotated[
    ChangeWindowPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("SetChangeWindowResult")
]

DeleteChangeWindowResult = Annotated[
    DeleteChangeWindowPayload | NotFound | Forbidden, strawberry.union("DeleteChangeWindowResult")
]
