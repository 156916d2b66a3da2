"""Cancels operations."""

import strawberry

from app.identity.permissions import Permission
from app.operations.cancellation import cancel_operation
from app.operations.window_override import override_windows
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.operations import inputs, payloads
from schema.operations.types import Operation
from schema.relay.ids import row_id


@strawberry.type
class Mutations:
    @mutation(
        "Cancels an operation. Work that has not begun is cancelled at once; a running Helm process is interrupted as"
        " by Ctrl-C. The desired state stays. To continue, reconcile or delete again.",
        Permission.DEPLOYMENTS_WRITE,
    )
    async def cancel_operation(
        self,
        info: Info,
        input: inputs.CancelOperationInput,  # noqa: A002
    ) -> payloads.CancelOperationResult:
        found = await cancel_operation(info.context.services, info.context.viewer, row_id(input.id, "Operation"))
        return payloads.OperationPayload(operation=Operation.of(found))

    @mutation(
        "Lets an operation pass although change windows hold it now. Needs the override role of each window that denies"
        " changes, and of one of those that would allow them.",
        Permission.DEPLOYMENTS_WRITE,
    )
    async def override_change_windows(
        self,
        info: Info,
        input: inputs.OverrideChangeWindowsInput,  # noqa: A002
    ) -> payloads.OverrideChangeWindowsResult:
        services, viewer = info.context.services, info.context.viewer
        found = await override_windows(services, viewer, row_id(input.id, "Operation"), input.reason)
        return payloads.OperationPayload(operation=Operation.of(found))
