"""Events and their origin. The origin is null for callers who may not read the audit log."""

from datetime import datetime

import strawberry

from app.core.paging import cursor_of
from app.identity.permissions import Permission
from app.tables import events as tables
from schema.context import Info
from schema.events.enums import Outcome
from schema.relay.node import Node
from schema.scalars import JSON


@strawberry.type(description="Who caused an event, and from where.")
class Origin:
    outcome: Outcome
    mutation: str | None = strawberry.field(
        description="The mutation that caused the event; null for actions of Polyhelm itself."
    )
    via: str | None = strawberry.field(description="How the caller signed in: `token ci`, `password`.")
    address: str | None
    request_id: str | None
    given: JSON | None = strawberry.field(
        description=(
            "The input of the mutation, on its first event. Texts that may be secret are masked, and"
            " values are reduced to their paths."
        )
    )


@strawberry.type(description="Something that happened.")
class Event:
    row: strawberry.Private[tables.Event]
    cursor: str = strawberry.field(description="The position of the event, for `after` of `events`.")
    at: datetime
    kind: str = strawberry.field(description="Stable: docs/reference/events.md lists all kinds.")
    actor: str | None
    message: str
    data: JSON

    @strawberry.field(description="The object that the event is about, if it still exists.")
    async def subject(self, info: Info) -> Node | None:
        found: Node | None = await info.context.find(self.row.subject_type, self.row.subject_id)
        return found

    @strawberry.field(description="Who caused the event, and from where. Only visible to admins of the organization.")
    def origin(self, info: Info) -> Origin | None:
        row = self.row
        if not info.context.viewer.may(row.organization_id, Permission.AUDIT_READ):
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
