"""Sends an operation and its changes until it ends."""

from collections.abc import AsyncGenerator, Iterable

import strawberry

from app.core.errors import NotFound
from app.operations.codes import OperationCode
from app.tables import operations
from app.tables.events import Event as EventRow
from app.tables.targets import Target
from resolvers.engine.following import fresh, own
from schema.context import Info
from schema.operations.loaders import operation_by_id
from schema.operations.types import Operation
from schema.relay.ids import row_id


@strawberry.type
class Subscriptions:
    @strawberry.subscription(description="The operation, now and after each change. Ends with the operation.")
    async def operation(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Operation, None]:  # noqa: A002
        number = row_id(id, "Operation")
        found = await info.context.load[operation_by_id].load(number)
        if found is None or not info.context.viewer.sees(found.organization_id):
            raise NotFound(OperationCode.OPERATION_NOT_FOUND, "There is no such operation.", ("id",))
        deployment_id = found.deployment_id

        def pick(event: EventRow) -> Iterable[int]:
            is_it = event.is_about(operations.Operation) and event.subject_id == number
            is_part = event.is_about(Target) and event.deployment_id == deployment_id
            return (number,) if is_it or is_part else ()

        async with info.context.services.feed.follow(
            found.organization_id, pick, info.context.shared.preparing(operation_by_id)
        ) as follower:
            row = await own(info)[operation_by_id].load(number)
            while row is not None:
                yield Operation.of(row)
                if not row.state.is_open:
                    return
                row = await fresh(info, (await follower.changed()).upto)[operation_by_id].load(number)
