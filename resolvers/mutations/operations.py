"""Operations: ended before their time."""

import strawberry

from app.operations.cancellation import cancel_operation
from resolvers.mutations.mutation import mutation
from schema import inputs, payloads
from schema.context import Info
from schema.ids import row_id
from schema.operations import Operation


@strawberry.type
class Operations:
    @mutation(
        "Cancels an operation: what has not begun on a cluster is cancelled at once, and a running Helm is ended as by"
        " Ctrl-C. What is wanted stays as it is; to go on, reconcile or delete again."
    )
    async def cancel_operation(
        self,
        info: Info,
        input: inputs.CancelOperationInput,  # noqa: A002
    ) -> payloads.CancelOperationResult:
        found = await cancel_operation(info.context.services, info.context.viewer, row_id(input.id, "Operation"))
        return payloads.OperationPayload(operation=Operation.of(found))
