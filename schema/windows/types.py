"""Change windows, and whether they are open."""

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.core.errors import Problem, all_invalid
from app.core.threads import in_thread
from app.rollouts.durations import text_of
from app.rollouts.windows import HORIZON, Span, Window, occurrences
from app.tables import windows as tables
from app.windows.applying import window_of
from schema.context import Info
from schema.list_length import usually
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.scalars import JSON
from schema.windows.enums import OverrideRole, WindowKind
from schema.windows.loaders import Applying, change_window_by_id

if TYPE_CHECKING:
    from schema.clusters.types import Cluster
    from schema.groups.types import ClusterGroup

MOST_OCCURRENCES = 400


@strawberry.type(description="A time in which a change window is open.")
class WindowOccurrence:
    start: datetime
    end: datetime


@strawberry.type(
    description="A rule that says when targets may move to another generation: in the organization, in a group, or on a"
    " cluster."
)
class ChangeWindow(Node):
    row: strawberry.Private[tables.ChangeWindow]
    name: str
    kind: WindowKind
    rule: str = strawberry.field(
        description="When the window opens: a recurrence rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=MO,TU."
    )
    starts: str = strawberry.field(
        description="The first opening, in local time; each later one is at the same time of day."
    )
    time_zone: str = strawberry.field(description="The time zone of `starts`, such as Europe/Paris.")
    duration: str = strawberry.field(description="How long the window is open each time, such as 8h.")
    selector: JSON | None = strawberry.field(description="The clusters to which the window applies; null for all.")
    blocks_rollback: bool = strawberry.field(description="Whether the window also holds rollbacks.")
    override_role: OverrideRole
    reason: str | None
    version: int = strawberry.field(description="Increases by one with every change.")
    updated_at: datetime

    @strawberry.field(description="The group whose deployments the window holds; null for all.")
    async def group(self, info: Info) -> Annotated["ClusterGroup", strawberry.lazy("schema.groups.types")] | None:
        found: ClusterGroup | None = await info.context.find("ClusterGroup", self.row.group_id)
        return found

    @strawberry.field(description="The cluster whose targets the window holds; null for all.")
    async def cluster(self, info: Info) -> Annotated["Cluster", strawberry.lazy("schema.clusters.types")] | None:
        found: Cluster | None = await info.context.find("Cluster", self.row.cluster_id)
        return found

    @strawberry.field(
        metadata=usually(30),
        description=(
            f"When the window is open between two times that are at most {HORIZON.days} days apart: at most"
            f" {MOST_OCCURRENCES} times, in order."
        ),
    )
    async def occurrences(self, start: datetime, end: datetime) -> list[WindowOccurrence]:
        if start.tzinfo is None or end.tzinfo is None or not timedelta() <= end - start <= HORIZON:
            message = f"`start` and `end` have a time zone, and are at most {HORIZON.days} days apart."
            raise all_invalid([Problem(("end",), message)])
        found = await in_thread(_occurrences, window_of(self.row), start, end)
        return [WindowOccurrence(start=span.begin, end=span.end) for span in found]

    @classmethod
    def of(cls, row: tables.ChangeWindow) -> "ChangeWindow":
        return cls(
            row=row,
            id=encode_id("ChangeWindow", row.id),
            name=row.name,
            kind=row.kind,
            rule=row.rule,
            starts=row.starts.isoformat(timespec="minutes" if not row.starts.second else "seconds"),
            time_zone=row.time_zone,
            duration=text_of(timedelta(seconds=row.duration_seconds)),
            selector=row.selector,
            blocks_rollback=row.blocks_rollback,
            override_role=row.override_role,
            reason=row.reason,
            version=row.version,
            updated_at=row.updated_at,
        )


@strawberry.type(description="Whether change windows let targets move now, and when that changes next.")
class WindowStatus:
    window_ids: strawberry.Private[list[int]]
    closed: bool
    reason: str | None = strawberry.field(description="Why targets may not move; null if they may.")
    next_open: datetime | None = strawberry.field(
        description=f"When targets may move again; null if that is in more than {HORIZON.days} days, or if they may"
        " move now and always."
    )
    next_close: datetime | None = strawberry.field(
        description=f"When targets may no longer move; null if that is in more than {HORIZON.days} days."
    )
    next_close_reason: str | None

    @strawberry.field(metadata=usually(2), description="The windows that apply, by name.")
    async def windows(self, info: Info) -> list[ChangeWindow]:
        rows = await info.context.load[change_window_by_id].load_many(self.window_ids)
        return [ChangeWindow.of(row) for row in rows if row is not None]

    @classmethod
    def of(cls, found: Applying) -> "WindowStatus":
        return cls(
            window_ids=list(found.windows),
            closed=found.status.is_closed,
            reason=found.status.reason,
            next_open=found.status.next_open,
            next_close=found.status.next_close,
            next_close_reason=found.status.next_close_reason,
        )


def _occurrences(window: Window, start: datetime, end: datetime) -> list[Span]:
    return list(islice(occurrences(window, start, end), MOST_OCCURRENCES))
