"""The objects of releases with their health and drift, and the health rules of organizations."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from app.drift.states import DriftState
from app.health.health import Health
from app.releases.inventory import ResourceOrigin
from app.tables.columns import Bytes, Choice, Id, Json, Ref, Timestamp, now


class LiveResource(SQLModel, table=True):
    """An object of a target's release as last seen on its cluster: its health and what a screen shows of it.

    The object itself is kept nowhere. The observer of the cluster writes the rows. Who changes a setting, or corrects
    an object, only marks it as not compared.
    """

    __tablename__ = "live_resource"
    __table_args__ = (
        UniqueConstraint("target_id", "api_group", "kind", "namespace", "name"),
        Index("ix_live_resource_kind_name", "kind", "name"),
    )

    id: int = Id()
    target_id: int = Ref("target.id")
    api_group: str
    api_version: str  # without the group
    kind: str
    plural: str  # the kind's name in paths; empty where the cluster does not know the kind
    namespace: str  # empty for an object that belongs to none
    name: str
    origin: ResourceOrigin = Choice(ResourceOrigin)
    manifest_digest: bytes = Bytes()  # of its document in the manifest, under a key of the installation

    uid: str = ""
    resource_version: str = ""  # when the row was last written
    is_checked: bool = True  # False: its kind cannot be read on this cluster, and `message` says why
    health: Health = Choice(Health, default=Health.UNKNOWN)
    reason: str | None = None
    message: str | None = None
    since: datetime = Timestamp(default_factory=now)  # when its health last changed
    images: list[str] = Json(default_factory=list)
    addresses: list[str] = Json(default_factory=list)
    hosts: list[str] = Json(default_factory=list)
    node_ports: dict[str, int] = Json(default_factory=dict)  # by the name of the port, or its number
    observed_at: datetime | None = Timestamp(default=None)

    drift: DriftState = Choice(DriftState, default=DriftState.UNKNOWN)
    drift_reason: str | None = None  # why it cannot be compared
    differences: list[dict[str, Any]] = Json(default_factory=list)  # as `app.drift.shown` writes them
    differences_left_out: int = 0
    compared_version: str = ""  # its resource version at the comparison; empty if there was none
    compared_at: datetime | None = Timestamp(default=None)

    corrections: int = 0  # since the last quiet period
    corrected_at: datetime | None = Timestamp(default=None)
    contested_until: datetime | None = Timestamp(default=None)  # no correction before this time: it differs again


class HealthRule(SQLModel, table=True):
    """The rule by which an organization judges the objects of a kind, in place of a shipped one."""

    __tablename__ = "health_rule"
    __table_args__ = (UniqueConstraint("organization_id", "api_group", "kind"),)

    id: int = Id()
    organization_id: int = Ref("organization.id")
    api_group: str
    kind: str
    current: str
    in_progress: str | None = None
    failed: str | None = None
    suspended: str | None = None
    reason: str | None = None
    message: str | None = None
    version: int = 1  # increases with each change
    updated_at: datetime = Timestamp(default_factory=now)
