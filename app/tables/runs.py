"""The runs of workflows. What users read comes from these tables alone, so that the engine can be replaced."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.tables.columns import Bytes, Choice, Id, Json, Ref, Timestamp, now
from app.tables.identity import Role
from app.workflows.run import RunState, StepState, WaitKind


class WorkflowRun(SQLModel, table=True):
    """A run of a workflow. At most one run of an organization with a `workflow_id` is open.

    A step is written only if `version` is still the one that the step was computed from. `epoch` counts the executions
    of the interpreter: only the newest one continues the run."""

    __tablename__ = "workflow_run"
    __table_args__ = (
        Index("ix_workflow_run_organization_id_id", "organization_id", "id"),
        Index("ix_workflow_run_definition_id_id", "definition_id", "id"),
        Index("ix_workflow_run_workflow_id", "organization_id", "workflow_id", "id"),
        Index("ix_workflow_run_ended_at", "ended_at"),
        Index("ix_workflow_run_forked_from_id", "forked_from_id"),
        Index("uq_workflow_run_parent", "parent_id", "parent_path", "parent_version", unique=True),
        Index("ix_workflow_run_schedule_id_id", "schedule_id", "id"),
        Index(
            "uq_workflow_run_open",
            "organization_id",
            "workflow_id",
            unique=True,
            postgresql_where=text("state = 'RUNNING'"),
        ),
    )

    id: int = Id()
    organization_id: int = Ref("organization.id")
    definition_id: int | None = Ref("workflow_definition.id", ondelete="SET NULL", default=None, nullable=True)
    workflow: str  # the name of the definition
    revision: int
    definition: str  # the definition in JSON: its revision may be deleted before the run
    workflow_id: str
    parameters: dict[str, Any] = Json()
    state: RunState = Choice(RunState, default=RunState.RUNNING)
    is_cancelling: bool = False
    reason: str | None = None  # why it was cancelled or terminated
    outputs: dict[str, Any] | None = Json(default=None, nullable=True)
    error: dict[str, Any] | None = Json(default=None, nullable=True)
    forked_from_id: int | None = Ref("workflow_run.id", ondelete="SET NULL", default=None, nullable=True)
    # The attempt of a step that has started it and ends with it:
    parent_id: int | None = Ref("workflow_run.id", ondelete="SET NULL", default=None, nullable=True)
    parent_path: str | None = None
    parent_version: int | None = None
    depth: int = 0  # how many runs are above it
    schedule_id: int | None = Ref("workflow_schedule.id", ondelete="SET NULL", default=None, nullable=True)
    scheduled_at: datetime | None = Timestamp(default=None)  # the time of the schedule for which it was started
    starter_id: int | None = Ref("user_account.id", ondelete="SET NULL", default=None, nullable=True)
    starter: str
    ceiling: Role | None = Choice(Role, default=None, nullable=True)  # of the token with which it was started
    version: int = 0
    epoch: int = 1
    driver: str | None = None  # the lease of the worker that drives it, or did so last
    next_at: datetime | None = Timestamp(default=None)  # when time alone changes something
    log_lines: int = 0
    created_at: datetime = Timestamp(default_factory=now)
    ended_at: datetime | None = Timestamp(default=None)


class StepRun(SQLModel, table=True):
    """A step in a run, a group, or one item of a `forEach`, as `app.workflows.run` describes it.

    An `outcome` is that of an attempt that waited for a user or another system, until the next step of the run takes
    it. All else is written with the step of the run."""

    __tablename__ = "step_run"
    __table_args__ = (
        UniqueConstraint("run_id", "path"),
        Index("ix_step_run_outcome", "run_id", postgresql_where=text("outcome IS NOT NULL")),
    )

    id: int = Id()
    run_id: int = Ref("workflow_run.id")
    path: str
    type: str | None = None  # None for a group, and for all items together
    state: StepState = Choice(StepState)
    attempt: int = 0
    begun_version: int = 0  # the version of the run in which the attempt began
    executions: int = 0  # how often workers have begun to work on the attempt
    started_at: datetime = Timestamp()
    ended_at: datetime | None = Timestamp(default=None)
    due: datetime | None = Timestamp(default=None)
    inputs: dict[str, Any] | None = Json(default=None, nullable=True)
    wait: WaitKind | None = Choice(WaitKind, default=None, nullable=True)
    wait_until: datetime | None = Timestamp(default=None)
    wait_signal: str | None = None
    items: list[Any] | None = Json(default=None, nullable=True)
    outcome: dict[str, Any] | None = Json(default=None, nullable=True)
    outputs: Any = Json(default=None, nullable=True)
    error: dict[str, Any] | None = Json(default=None, nullable=True)


class StepLog(SQLModel, table=True):
    """A line of a step's log. An attempt that is executed again writes each line once."""

    __tablename__ = "step_log"
    __table_args__ = (
        UniqueConstraint("run_id", "path", "begun_version", "number"),
        Index("ix_step_log_run_id_id", "run_id", "id"),
    )

    id: int = Id()
    run_id: int = Ref("workflow_run.id")
    path: str
    attempt: int
    begun_version: int
    number: int
    message: str
    at: datetime = Timestamp(default_factory=now)


class RunSignal(SQLModel, table=True):
    """A signal for which no step waits yet."""

    __tablename__ = "run_signal"
    __table_args__ = (Index("ix_run_signal_run_id_name", "run_id", "name", "id"),)

    id: int = Id()
    run_id: int = Ref("workflow_run.id")
    name: str
    payload: Any = Json(default=None, nullable=True)
    sender: str
    at: datetime = Timestamp(default_factory=now)


class PendingResult(SQLModel, table=True):
    """An attempt of a step that ends with a result from outside. The holder of the token gives it, once."""

    __tablename__ = "pending_result"
    __table_args__ = (Index("ix_pending_result_run_id", "run_id"),)

    id: int = Id()
    run_id: int = Ref("workflow_run.id")
    path: str
    begun_version: int
    digest: bytes = Bytes(unique=True)  # of the token
    outcome_digest: bytes | None = Bytes(default=None, nullable=True)  # of the result that was given
    created_at: datetime = Timestamp(default_factory=now)


class WorkflowExecutor(SQLModel, table=True):
    """A worker that runs workflows, until its lease ends."""

    __tablename__ = "workflow_executor"

    id: str = Field(primary_key=True)
    alive_until: datetime = Timestamp()
