"""Change windows: set and deleted."""

import strawberry

from app.identity.permissions import Permission
from app.windows.writing import delete_window, set_window
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.relay.ids import row_id
from schema.windows import inputs, payloads
from schema.windows.types import ChangeWindow


@strawberry.type
class Mutations:
    @mutation(
        "Creates a change window, or replaces all fields of the one with this name. Moves that it holds wait from now"
        " on; those that have begun continue.",
        Permission.WINDOWS_WRITE,
    )
    async def set_change_window(
        self,
        info: Info,
        input: inputs.SetChangeWindowInput,  # noqa: A002
    ) -> payloads.SetChangeWindowResult:
        services, viewer = info.context.services, info.context.viewer
        row = await set_window(services, viewer, input.organization, input.given(), input.version)
        return payloads.ChangeWindowPayload(change_window=ChangeWindow.of(row))

    @mutation("Deletes a change window. Moves that it alone holds begin.", Permission.WINDOWS_WRITE)
    async def delete_change_window(
        self,
        info: Info,
        input: inputs.DeleteChangeWindowInput,  # noqa: A002
    ) -> payloads.DeleteChangeWindowResult:
        await delete_window(info.context.services, info.context.viewer, row_id(input.id, "ChangeWindow"))
        return payloads.DeleteChangeWindowPayload(id=input.id)
