"""Schedules of workflows."""

from datetime import datetime, timedelta
from itertools import islice

import strawberry

from app.automation.runs import runs_page
from app.core.errors import Problem, all_invalid
from app.core.paging import DEFAULT, Window
from app.core.threads import in_thread
from app.rollouts.durations import text_of
from app.tables import schedules as tables
from app.workflows.schedules import meaning, times
from schema.context import Info
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.scalars import JSON
from schema.schedules.enums import Overlap, TimeOutcome
from schema.workflows.loaders import workflow_by_id
from schema.workflows.runs import WorkflowRun
from schema.workflows.types import WorkflowDefinition

MOST_TIMES = 100


@strawberry.type(description="What came of a time of a schedule.")
class ScheduleTime:
    at: datetime
    outcome: TimeOutcome
    message: str | None = strawberry.field(description="Why no run has started.")


@strawberry.type(
    description="Times at which a workflow is started. The runs have one workflow id, so no two are in progress."
)
class WorkflowSchedule(Node):
    row: strawberry.Private[tables.WorkflowSchedule]
    name: str
    description: str | None
    cron: str
    time_zone: str
    parameters: JSON
    workflow_id: str
    overlap: Overlap
    catch_up: str = strawberry.field(description="How late a run may start, such as 1h.")
    is_paused: bool
    owner: str = strawberry.field(
        description="The user who has saved it. The runs have the permissions that this user has at their time."
    )
    next_at: datetime | None = strawberry.field(
        description="The next time. Null if the schedule is paused, or if no time of the next 50 years fits it."
    )
    queued_at: datetime | None = strawberry.field(
        description="The time whose run starts when the present one has ended; null if none waits."
    )
    version: int = strawberry.field(description="Increases by one with every change.")
    created_at: datetime
    updated_at: datetime

    @strawberry.field(description="The cron expression in words, without the time zone.")
    def meaning(self) -> str:
        return meaning(self.row.cron)

    @strawberry.field(description="The workflow. Null if it was deleted in the meantime.")
    async def workflow(self, info: Info) -> WorkflowDefinition | None:
        found = await info.context.load[workflow_by_id].load(self.row.definition_id)
        return None if found is None else WorkflowDefinition.of(found)

    @strawberry.field(description="The latest time for which something was done. Null before the first.")
    def last(self) -> ScheduleTime | None:
        if self.row.last_at is None or self.row.last_outcome is None:
            return None
        return ScheduleTime(at=self.row.last_at, outcome=self.row.last_outcome, message=self.row.last_message)

    @strawberry.field(description=f"The next times, at most {MOST_TIMES}. None if the schedule is paused.")
    async def next_times(self, first: int = 5) -> list[datetime]:
        if not 0 <= first <= MOST_TIMES:
            raise all_invalid([Problem(("first",), f"`first` is from 0 to {MOST_TIMES}.")])
        if self.row.next_at is None:
            return []
        before = self.row.next_at - timedelta(microseconds=1)
        return await in_thread(lambda: list(islice(times(self.row.cron, self.row.time_zone, before), first)))

    @strawberry.field(description="The runs that the schedule has started, newest first.")
    async def runs(self, info: Info, first: int | None = DEFAULT, after: str | None = None) -> Connection[WorkflowRun]:
        page = await runs_page(
            info.context.services, self.row.organization_id, Window.of(first, after), schedule_id=self.row.id
        )
        return to_connection(page, WorkflowRun.of)

    @classmethod
    def of(cls, row: tables.WorkflowSchedule) -> "WorkflowSchedule":
        return cls(
            id=encode_id("WorkflowSchedule", row.id),
            row=row,
            name=row.name,
            description=row.description,
            cron=row.cron,
            time_zone=row.time_zone,
            parameters=JSON(row.parameters),
            workflow_id=row.workflow_id,
            overlap=row.overlap,
            catch_up=text_of(timedelta(seconds=row.catch_up_seconds)),
            is_paused=row.is_paused,
            owner=row.owner,
            next_at=row.next_at,
            queued_at=row.queued_at,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
