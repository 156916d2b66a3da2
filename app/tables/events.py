"""The events, which are the audit log and the feed of subscriptions. They are written in batches that get their
positions in the order of the commits, so that a reader never misses one. The program may not change or delete them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from app.tables.columns import Choice, Id, Json, Ref, Timestamp, api_name, now

AUDIT = "mutation."
"""The prefixes of kinds of events that record only requests. They are for admins."""


class Outcome(StrEnum):
    SUCCEEDED = "SUCCEEDED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


class Event(SQLModel, table=True):
    """An event. `position` follows the order of commits (docs/decisions/event-order.md).

    An event without an organization belongs to the installation. Events of a mutation contain its name, the caller's
    sign-in method and address, and the request id. The first one also contains the masked input (`given`).
    """

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_organization_id_position", "organization_id", "position"),)

    position: int = Field(default=None, primary_key=True, sa_type=BigInteger)
    organization_id: int | None = Ref("organization.id", ondelete="RESTRICT", nullable=True)
    at: datetime = Timestamp(default_factory=now)
    kind: str
    actor: str | None = None
    message: str
    subject_type: str | None = None
    subject_id: int | None = Field(default=None, sa_type=BigInteger, nullable=True)
    deployment_id: int | None = Field(default=None, sa_type=BigInteger, nullable=True)  # the object that it is about
    cluster_id: int | None = Field(default=None, sa_type=BigInteger, nullable=True)
    data: dict[str, Any] = Json(default_factory=dict)
    outcome: Outcome = Choice(Outcome, default=Outcome.SUCCEEDED)
    mutation: str | None = None
    via: str | None = None
    address: str | None = None
    request_id: str | None = None
    given: dict[str, Any] | None = Json(default=None, nullable=True)

    def is_about(self, table: type[SQLModel]) -> bool:
        """Whether the subject is a row of this table."""
        return self.subject_type == api_name(table)


class EventRemoval(SQLModel, table=True):
    """Marks the transaction in which the database function `remove_events` removes events.

    Only the owner of the tables can write here, and rows exist only while the function runs.
    """

    __tablename__ = "event_removal"

    transaction: str = Field(primary_key=True)


class EventBatch(SQLModel, table=True):
    """The events of one transaction until its commit. A trigger then moves them to the table of events. No
    transaction sees those of another."""

    __tablename__ = "event_batch"

    id: int = Id()
    events: list[dict[str, Any]] = Json()


class EventHorizon(SQLModel, table=True):
    """Its only row contains the position up to which events may have been removed."""

    __tablename__ = "event_horizon"

    id: int = Id()
    position: int = Field(sa_type=BigInteger)
