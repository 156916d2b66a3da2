from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from app.tables.columns import Choice, Id, Json, Ref, Timestamp, now

AUDIT = "mutation."
"""How the kinds begin of those events that tell only that something was asked for: for admins."""


class Outcome(StrEnum):
    SUCCEEDED = "SUCCEEDED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


class Event(SQLModel, table=True):
    """`position` grows in the order of commits: see docs/decisions/event-order.md. One without an organization is the
    installation's. Those that a mutation causes tell which, how its caller signed in, from where, and in which request;
    the first of them has what was asked for (`given`), masked."""

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
    deployment_id: int | None = Field(default=None, sa_type=BigInteger, nullable=True)  # the one it has to do with
    cluster_id: int | None = Field(default=None, sa_type=BigInteger, nullable=True)
    data: dict[str, Any] = Json(default_factory=dict)
    outcome: Outcome = Choice(Outcome, default=Outcome.SUCCEEDED)
    mutation: str | None = None
    via: str | None = None
    address: str | None = None
    request_id: str | None = None
    given: dict[str, Any] | None = Json(default=None, nullable=True)


class EventRemoval(SQLModel, table=True):
    """Marks the transaction in which the database's function `remove_events` removes events. Only the owner of the
    tables can write here, and rows live no longer than the function runs."""

    __tablename__ = "event_removal"

    transaction: str = Field(primary_key=True)


class EventBatch(SQLModel, table=True):
    """The events of one transaction, until its commit: then a trigger moves them to the table of events. No transaction
    ever sees those of another."""

    __tablename__ = "event_batch"

    id: int = Id()
    events: list[dict[str, Any]] = Json()


class EventHorizon(SQLModel, table=True):
    """The one row says up to which position events may have been removed."""

    __tablename__ = "event_horizon"

    id: int = Id()
    position: int = Field(sa_type=BigInteger)
