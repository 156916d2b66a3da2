from datetime import datetime

import strawberry

from app.core.paging import cursor_of
from app.tables import events as tables
from app.tables.events import Outcome
from app.tables.identity import Role
from schema.context import Info
from schema.ids import encode_id
from schema.node import Node
from schema.nodes import node_of
from schema.scalars import JSON


@strawberry.type(description="How an event came about.")
class Origin:
    outcome: Outcome
    mutation: str | None = strawberry.field(description="Null for what Polyhelm does by itself.")
    via: str | None = strawberry.field(description="How the caller signed in: `token ci`, `password`.")
    address: str | None
    request_id: str | None
    given: JSON | None = strawberry.field(
        description="What was asked for, on the first event of a mutation. Texts that may be secret are masked, and of"
        " values there are the paths."
    )


@strawberry.type(description="One thing that happened.")
class Event:
    row: strawberry.Private[tables.Event]
    cursor: str = strawberry.field(description="What `events` goes on after.")
    at: datetime
    kind: str = strawberry.field(description="Stable: docs/reference/events.md lists all kinds.")
    actor: str | None
    message: str
    data: JSON

    @strawberry.field(description="What it is about, where that is still there.")
    async def subject(self, info: Info) -> Node | None:
        if self.row.subject_type is None or self.row.subject_id is None:
            return None
        return await node_of(info.context, encode_id(self.row.subject_type, self.row.subject_id))

    @strawberry.field(description="For admins of the organization; null for everybody else.")
    def origin(self, info: Info) -> Origin | None:
        row = self.row
        if not info.context.viewer.may(row.organization_id, Role.ADMIN):
            return None
        return Origin(
            outcome=row.outcome,
            mutation=row.mutation,
            via=row.via,
            address=row.address,
            request_id=row.request_id,
            given=row.given,
        )

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
