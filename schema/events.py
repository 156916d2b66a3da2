from datetime import datetime

import strawberry

from app.events import tables
from app.paging import cursor_of
from schema.context import Info
from schema.ids import encode_id
from schema.node import Node
from schema.nodes import node_of
from schema.scalars import JSON


@strawberry.type(description="One thing that happened.")
class Event:
    row: strawberry.Private[tables.Event]
    cursor: str = strawberry.field(description="What `events` goes on after.")
    at: datetime
    kind: str
    actor: str | None
    message: str
    data: JSON

    @strawberry.field(description="What it is about, where that is still there.")
    async def subject(self, info: Info) -> Node | None:
        if self.row.subject_type is None or self.row.subject_id is None:
            return None
        return await node_of(info.context, encode_id(self.row.subject_type, self.row.subject_id))

    @classmethod
    def of(cls, row: tables.Event) -> "Event":
        return cls(
            row=row,
            cursor=cursor_of(row.position),
            at=row.at,
            kind=row.kind,
            actor=row.actor,
            message=row.message,
            data=row.data,
        )
