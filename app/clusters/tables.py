from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.tables import Bytes, Choice, Id, Json, Ref, Timestamp, now


class Reachability(StrEnum):
    PENDING = "PENDING"
    REACHABLE = "REACHABLE"
    UNREACHABLE = "UNREACHABLE"
    UNAUTHORIZED = "UNAUTHORIZED"


class Cluster(SQLModel, table=True):
    """`credentials` is the rebuilt kubeconfig, sealed with the row's id as associated data; nothing gives it out."""

    __tablename__ = "cluster"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        UniqueConstraint("organization_id", "uid"),
        Index("ix_cluster_confirm_due_at", "confirm_due_at"),
    )

    id: int = Id()
    organization_id: int = Ref("organization.id")
    group_id: int | None = Ref("cluster_group.id", ondelete="SET NULL", default=None, nullable=True, index=True)
    name: str
    cloud: str
    distribution: str
    region: str | None = None
    labels: dict[str, str] = Json(default_factory=dict)
    server: str
    uid: str
    kubernetes_version: str
    credentials: bytes = Bytes(default=b"")
    credentials_key: str = ""
    reachability: Reachability = Choice(Reachability, default=Reachability.PENDING)
    reachability_message: str | None = None
    last_seen_at: datetime | None = Timestamp(default=None)
    observed_version: int = Field(default=0, sa_type=BigInteger)  # the newest state of its store that was written down
    confirmed_at: datetime | None = Timestamp(default=None)  # when all its releases were last looked at
    confirm_due_at: datetime = Timestamp(default_factory=now)  # when they are to be looked at again
    created_at: datetime = Timestamp(default_factory=now)
