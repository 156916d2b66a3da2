from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from app.tables import Json, Ref, Timestamp, now


class Event(SQLModel, table=True):
    """`position` grows in the order of commits: see docs/decisions/event-order.md."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_organization_id_position", "organization_id", "position"),)

    position: int = Field(default=None, primary_key=True, sa_type=BigInteger)
    organization_id: int = Ref("organization.id")
    at: datetime = Timestamp(default_factory=now)
    kind: str
    actor: str | None = None
    message: str
    subject_type: str | None = None
    subject_id: int | None = Field(default=None, sa_type=BigInteger, nullable=True)
    deployment_id: int | None = Field(default=None, sa_type=BigInteger, nullable=True)  # the one it has to do with
    cluster_id: int | None = Field(default=None, sa_type=BigInteger, nullable=True)
    data: dict[str, Any] = Json(default_factory=dict)
