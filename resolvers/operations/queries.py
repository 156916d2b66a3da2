"""Returns an operation by its ID."""

import strawberry

from schema.context import Info
from schema.operations.types import Operation


@strawberry.type
class Queries:
    @strawberry.field
    async def operation(self, info: Info, id: strawberry.ID) -> Operation | None:  # noqa: A002
        found = await info.context.node(id)
        return found if isinstance(found, Operation) else None
