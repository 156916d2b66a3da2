from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.rollouts.windows import OverrideRole, WindowKind
from app.tables.columns import Choice, Id, Json, Ref, Timestamp, now


class ChangeWindow(SQLModel, table=True):
    """When targets may move, or may not: in the whole organization, in a group, or on a cluster."""

    __tablename__ = "change_window"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        CheckConstraint("group_id IS NULL OR cluster_id IS NULL", name="one_scope"),
    )

    id: int = Id()
    organization_id: int = Ref("organization.id")
    group_id: int | None = Ref("cluster_group.id", default=None, nullable=True, index=True)
    cluster_id: int | None = Ref("cluster.id", default=None, nullable=True, index=True)
    selector: dict[str, Any] | None = Json(
        default=None, nullable=True
    )  # of clusters, as `app.releases.selectors` reads it
    name: str
    kind: WindowKind = Choice(WindowKind)
    rule: str  # an RRULE of RFC 5545 without its name
    starts: datetime = Field(sa_type=DateTime(timezone=False))  # in local time of the time zone
    time_zone: str
    duration_seconds: int
    blocks_rollback: bool = False
    override_role: OverrideRole = Choice(OverrideRole, default=OverrideRole.ADMIN)
    reason: str | None = None
    version: int = 1  # increases with each change
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)
