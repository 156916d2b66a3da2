from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.health.health import Health
from app.releases.status import TargetStatus
from app.tables.columns import Bytes, Choice, Id, Json, Ref, Timestamp, now


class Target(SQLModel, table=True):
    """A deployment on one cluster.

    It is worked on only under a lease; every write of a worker names the lease's token and is refused when another
    worker has taken the target over since. The intent is written before Helm starts, and taken away with the outcome.
    """

    __api_name__: ClassVar[str] = "DeploymentTarget"
    __tablename__ = "target"
    __table_args__ = (
        UniqueConstraint("deployment_id", "cluster_id"),
        Index("ix_target_cluster_id_lease_expires_at", "cluster_id", "lease_expires_at"),
        Index("ix_target_deployment_id_status", "deployment_id", "status"),
        Index("ix_target_held", "cluster_id", postgresql_where=text("lease_owner IS NOT NULL")),
    )

    id: int = Id()
    deployment_id: int = Ref("deployment.id")
    cluster_id: int = Ref("cluster.id", ondelete="RESTRICT")
    wanted: bool = True  # False: the release is to be removed, and then the target
    secret_paths: list[str] = Json(
        default_factory=list
    )  # the deployment's: what is seen of the release is masked there
    desired_digest: bytes = Bytes()  # of the release that should be there (`app.releases.canonical.digest`)
    generation: int | None = None  # the one it last converged to

    status: TargetStatus = Choice(TargetStatus, default=TargetStatus.UNKNOWN)
    reasons: list[dict[str, Any]] = Json(default_factory=list)
    status_since: datetime = Timestamp(default_factory=now)
    observed_at: datetime | None = Timestamp(default=None)
    seen_version: int = Field(default=0, sa_type=BigInteger)  # of the member's store, when the release was last seen
    judged_digest: bytes | None = Bytes(default=None, nullable=True)  # what status and reasons were worked out from

    health: Health = Choice(Health, default=Health.UNKNOWN)
    health_reasons: list[dict[str, Any]] = Json(default_factory=list)  # the resources to blame, the worst first
    health_since: datetime = Timestamp(default_factory=now)
    inventory_version: str = ""  # `resource_version` of the release whose resources are in `live_resource`
    inventory_left_out: int = 0  # of its objects, by the limits

    error: dict[str, Any] | None = Json(default=None, nullable=True)
    attempts: int = 0  # failed ones, for the present generation
    writes: int = 0  # those of them that made a revision or ran hooks
    retry_at: datetime | None = Timestamp(default=None)

    corrections: int = 0  # of changes by somebody else, since it last was left in peace
    corrected_at: datetime | None = Timestamp(default=None)
    contested_until: datetime | None = Timestamp(
        default=None
    )  # not corrected before: somebody else changes it each time

    held_digest: bytes | None = Bytes(
        default=None, nullable=True
    )  # `judged_digest` when somebody cancelled the work here: drift is not corrected while it is the same

    claimed: bool = False  # Helm was run for it at least once: the release is ours
    intent: dict[str, Any] | None = Json(default=None, nullable=True)

    # Of the present holder of the lease: what its run has reported, and whether it is in a hook or waits for readiness,
    # which takes no slot of the cluster.
    activity: dict[str, Any] | None = Json(default=None, nullable=True)
    waits: bool = False
    lease_owner: str | None = None
    lease_token: int = 0
    lease_expires_at: datetime | None = Timestamp(default=None)


class Release(SQLModel, table=True):
    """The newest revision of a Helm release on a member, managed by us or not, as last observed."""

    __tablename__ = "release"

    cluster_id: int = Ref("cluster.id", primary_key=True)
    namespace: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    revision: int
    status: str  # Helm's own word
    chart_name: str
    chart_version: str
    app_version: str | None = None
    values: dict[str, Any] | None = Json(default=None, nullable=True)  # kept only where it is a target's
    digest: bytes = Bytes()  # under a key of the installation, where it is nobody's
    unreadable: str | None = None  # why its record can't be read
    description: str | None = None
    updated_at: datetime | None = Timestamp(default=None)
    resource_version: str  # of the Secret that holds the record


class Abandoned(SQLModel, table=True):
    """A release of ours that a forced removal or deletion left behind, by the uid of the cluster that it is on. It is
    still ours when a deployment of the same name and chart comes to that cluster again."""

    __tablename__ = "abandoned_release"

    organization_id: int = Ref("organization.id", primary_key=True)
    cluster_uid: str = Field(primary_key=True)
    namespace: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    chart_name: str
    revision: int  # the newest that was known; 0 where none was
    abandoned_at: datetime = Timestamp(default_factory=now)
