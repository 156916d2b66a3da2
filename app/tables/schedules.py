from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import SQLModel

from app.tables.columns import Choice, Id, Json, Ref, Timestamp, now
from app.tables.identity import Role


class Overlap(StrEnum):
    """What happens at a time of a schedule if a run with its workflow id is in progress."""

    SKIP = "SKIP"
    QUEUE_ONE = "QUEUE_ONE"


class TimeOutcome(StrEnum):
    """What came of a time of a schedule."""

    STARTED = "STARTED"
    SKIPPED = "SKIPPED"
    QUEUED = "QUEUED"
    MISSED = "MISSED"
    REFUSED = "REFUSED"


class WorkflowSchedule(SQLModel, table=True):
    """Times at which a workflow is started. Its runs have one workflow id, so no two are in progress.

    `next_at` is the first time for which nothing was done yet; None if it is paused, or if no time is left. A run for
    the time `queued_at` starts when the present one has ended."""

    __tablename__ = "workflow_schedule"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        Index("ix_workflow_schedule_next_at", "next_at"),
        Index(
            "ix_workflow_schedule_queued",
            "organization_id",
            "workflow_id",
            postgresql_where=text("queued_at IS NOT NULL"),
        ),
    )

    id: int = Id()
    organization_id: int = Ref("organization.id")
    definition_id: int = Ref("workflow_definition.id", index=True)
    name: str
    description: str | None = None
    cron: str
    time_zone: str
    parameters: dict[str, Any] = Json()
    workflow_id: str
    overlap: Overlap = Choice(Overlap, default=Overlap.SKIP)
    catch_up_seconds: int
    is_paused: bool = False
    next_at: datetime | None = Timestamp(default=None)
    queued_at: datetime | None = Timestamp(default=None)
    last_at: datetime | None = Timestamp(default=None)  # the latest time for which something was done
    last_outcome: TimeOutcome | None = Choice(TimeOutcome, default=None, nullable=True)
    last_message: str | None = None
    owner_id: int | None = Ref("user_account.id", ondelete="SET NULL", default=None, nullable=True)
    owner: str  # who saved it: its runs have the permissions of this user
    ceiling: Role | None = Choice(Role, default=None, nullable=True)  # of the token with which it was saved
    version: int = 1  # increases with each change by a user
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)
