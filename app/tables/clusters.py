"""Registered clusters with their encrypted credentials and reachability, and the observers that watch them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.tables.columns import Choice, Id, Json, Ref, SealedBytes, Timestamp, now


class Reachability(StrEnum):
    PENDING = "PENDING"
    REACHABLE = "REACHABLE"
    UNREACHABLE = "UNREACHABLE"
    UNAUTHORIZED = "UNAUTHORIZED"
    MISMATCHED = "MISMATCHED"  # another cluster answers at its address


class Cluster(SQLModel, table=True):
    """`credentials` is the rebuilt kubeconfig, encrypted with the row's id as associated data. It is never returned."""

    __tablename__ = "cluster"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        UniqueConstraint("organization_id", "uid"),
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
    answering_uid: str | None = None  # of the cluster that answers at its address, if that is another one
    kubernetes_version: str
    credentials: bytes = SealedBytes("credentials_key", default=b"")
    credentials_key: str = ""
    credentials_expire_at: datetime | None = Timestamp(default=None)  # None: never, or unknown
    is_expiry_told: bool = False  # an event has warned that they expire soon
    reachability: Reachability = Choice(Reachability, default=Reachability.PENDING)
    reachability_message: str | None = None
    last_seen_at: datetime | None = Timestamp(default=None)
    confirmed_at: datetime | None = Timestamp(default=None)  # when all its releases were last read
    observer_id: str | None = None  # the observer that watches it
    observer_token: int = Field(default=0, sa_type=BigInteger)  # increases with each observer that takes it
    created_at: datetime = Timestamp(default_factory=now)


class Observer(SQLModel, table=True):
    """A process that watches clusters. It is alive while it renews `seen_at`."""

    __tablename__ = "observer"

    id: str = Field(primary_key=True)
    seen_at: datetime = Timestamp(default_factory=now)
