"""The inputs of the subject's mutations."""

import strawberry


@strawberry.input
class CancelOperationInput:
    id: strawberry.ID
