"""Runs of workflows, their steps and logs."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import orjson
import strawberry

from app.automation.runs import logs_page, runs_page, steps_page
from app.core.paging import DEFAULT, Window
from app.tables import runs as tables
from schema.context import Info
from schema.list_length import usually
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.scalars import JSON
from schema.workflows import loaders
from schema.workflows.enums import RunState, StepState, WaitKind
from schema.workflows.types import WorkflowDefinition

if TYPE_CHECKING:
    from schema.schedules.types import WorkflowSchedule


@strawberry.type(description="Why a run or a step has failed.")
class WorkflowError:
    code: str = strawberry.field(description="Such as `timeout`, `expression`, or a code of the step type.")
    message: str
    path: str = strawberry.field(description="The path of the step in which it happened; empty for the run itself.")


def _error_of(found: dict[str, str] | None) -> WorkflowError | None:
    return None if found is None else WorkflowError(**found)


@strawberry.type(description="A step of a run, a group, or one item of a `forEach`.")
class WorkflowStepRun:
    path: str = strawberry.field(description="Such as `build`, `load[2]/apply` or `load.onFailure/tell`.")
    type: str | None = strawberry.field(
        description="The step type or step definition. Null for a group, and for all items together."
    )
    state: StepState
    attempts: int = strawberry.field(description="The number of attempts that have begun; 0 for a group.")
    executions: int = strawberry.field(
        description="How often workers have begun the present attempt: more than once if a worker has died."
    )
    started_at: datetime
    ended_at: datetime | None
    due_at: datetime | None = strawberry.field(description="The end of the timeout, or of the pause before a retry.")
    waits_for: WaitKind | None = strawberry.field(description="What the step waits for now.")
    waits_until: datetime | None
    signal: str | None = strawberry.field(description="The name of the signal that the step waits for.")
    inputs: JSON | None
    outputs: JSON | None
    error: WorkflowError | None

    @classmethod
    def of(cls, row: tables.StepRun) -> "WorkflowStepRun":
        waits = row.state is StepState.RUNNING and row.outcome is None
        return cls(
            path=row.path,
            type=row.type,
            state=row.state,
            attempts=row.attempt,
            executions=row.executions,
            started_at=row.started_at,
            ended_at=row.ended_at,
            due_at=row.due,
            waits_for=row.wait if waits else None,
            waits_until=row.wait_until if waits else None,
            signal=row.wait_signal if waits else None,
            inputs=None if row.inputs is None else JSON(row.inputs),
            outputs=None if row.outputs is None else JSON(row.outputs),
            error=_error_of(row.error),
        )


@strawberry.type(description="A line of a step's log.")
class WorkflowLogLine:
    path: str = strawberry.field(description="The path of the step.")
    attempt: int
    at: datetime
    message: str

    @classmethod
    def of(cls, row: tables.StepLog) -> "WorkflowLogLine":
        return cls(path=row.path, attempt=row.attempt, at=row.at, message=row.message)


@strawberry.type(description="A run of a workflow.")
class WorkflowRun(Node):
    row: strawberry.Private[tables.WorkflowRun]
    workflow: str = strawberry.field(description="The name of the workflow.")
    revision: int = strawberry.field(description="The revision of the workflow that runs.")
    workflow_id: str = strawberry.field(
        description="What the run is about. At most one run of the organization with an id is in progress."
    )
    state: RunState
    is_cancelling: bool = strawberry.field(description="Whether the run was asked to end.")
    reason: str | None = strawberry.field(description="Why the run was terminated.")
    parameters: JSON
    outputs: JSON | None
    error: WorkflowError | None
    starter: str = strawberry.field(description="The name of the user who started the run.")
    scheduled_at: datetime | None = strawberry.field(
        description="The time of the schedule for which the run was started. Null if a user has started it."
    )
    created_at: datetime
    ended_at: datetime | None

    @strawberry.field(description="The schedule that has started the run. Null if none has, or if it was deleted.")
    async def schedule(
        self, info: Info
    ) -> Annotated["WorkflowSchedule", strawberry.lazy("schema.schedules.types")] | None:
        found: WorkflowSchedule | None = await info.context.find("WorkflowSchedule", self.row.schedule_id)
        return found

    @strawberry.field(description="The workflow. Null if it was deleted.")
    async def definition(self, info: Info) -> WorkflowDefinition | None:
        if self.row.definition_id is None:
            return None
        found = await info.context.load[loaders.workflow_by_id].load(self.row.definition_id)
        return None if found is None else WorkflowDefinition.of(found)

    @strawberry.field(
        description="The run of which this one repeats a part. Null if there is none, or if it was removed."
    )
    async def forked_from(self, info: Info) -> "WorkflowRun | None":
        if self.row.forked_from_id is None:
            return None
        found = await info.context.load[loaders.run_by_id].load(self.row.forked_from_id)
        return None if found is None else WorkflowRun.of(found)

    parent_step: str | None = strawberry.field(
        description="The path of the step that has started the run. Null if a user or a schedule has."
    )

    @strawberry.field(
        description="The run whose step has started this one, and waits for it. Null if there is none, or if it was"
        " removed."
    )
    async def parent(self, info: Info) -> "WorkflowRun | None":
        if self.row.parent_id is None:
            return None
        found = await info.context.load[loaders.run_by_id].load(self.row.parent_id)
        return None if found is None else WorkflowRun.of(found)

    @strawberry.field(description="The runs that steps of this run have started, newest first.")
    async def children(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None
    ) -> "Connection[WorkflowRun]":
        window = Window.of(first, after)
        page = await runs_page(info.context.services, self.row.organization_id, window, parent_id=self.row.id)
        return to_connection(page, WorkflowRun.of)

    @strawberry.field(description="The definition that runs. Null if the run was removed in the meantime.")
    async def document(self, info: Info) -> JSON | None:
        text = await info.context.load[loaders.run_document].load(self.row.id)
        return None if text is None else JSON(orjson.loads(text))

    @strawberry.field(description="The steps that have begun, in the order in which they began.")
    async def steps(
        self,
        info: Info,
        state: list[StepState] | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[WorkflowStepRun]:
        page = await steps_page(info.context.services, self.row.id, Window.of(first, after), states=state)
        return to_connection(page, WorkflowStepRun.of)

    @strawberry.field(
        metadata=usually(1),
        description="The steps that wait now for an event: a signal, an approval, a time, a result or a run.",
    )
    async def waiting(self, info: Info) -> list[WorkflowStepRun]:
        rows = await info.context.load[loaders.waiting_by_run].load(self.row.id)
        return [WorkflowStepRun.of(row) for row in rows or ()]

    @strawberry.field(description="The lines of the logs of all steps or of one, the oldest first.")
    async def logs(
        self, info: Info, path: str | None = None, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[WorkflowLogLine]:
        page = await logs_page(info.context.services, self.row.id, Window.of(first, after), path=path)
        return to_connection(page, WorkflowLogLine.of)

    @classmethod
    def of(cls, row: tables.WorkflowRun) -> "WorkflowRun":
        return cls(
            id=encode_id("WorkflowRun", row.id),
            row=row,
            workflow=row.workflow,
            revision=row.revision,
            workflow_id=row.workflow_id,
            state=row.state,
            is_cancelling=row.is_cancelling,
            reason=row.reason,
            parameters=JSON(row.parameters),
            outputs=None if row.outputs is None else JSON(row.outputs),
            error=_error_of(row.error),
            starter=row.starter,
            scheduled_at=row.scheduled_at,
            parent_step=row.parent_path,
            created_at=row.created_at,
            ended_at=row.ended_at,
        )
