"""Targets with their status and lease, the releases on clusters, and releases that were left behind. The columns of a
target that decide its status are written only together with the status."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.drift.states import DriftState
from app.health.health import Health
from app.releases.remediation import Remedy
from app.releases.status import TargetStatus
from app.tables.columns import Bytes, Choice, Id, Json, Ref, Timestamp, now


class Target(SQLModel, table=True):
    """A deployment on one cluster.

    Workers change it only under a lease. Each of their writes names the lease's token and is refused if another worker
    has taken over the target. The intent is written before Helm starts, and removed with the outcome.
    """

    __api_name__: ClassVar[str] = "DeploymentTarget"
    __tablename__ = "target"
    __table_args__ = (
        UniqueConstraint("deployment_id", "cluster_id"),
        Index("ix_target_cluster_id_lease_expires_at", "cluster_id", "lease_expires_at"),
        Index("ix_target_deployment_id_status", "deployment_id", "status"),
        Index("ix_target_drift_due", "cluster_id", postgresql_where=text("drift_due")),
        Index("ix_target_waiting", "cluster_id", postgresql_where=text("waits_for <> '[]'::jsonb")),
        Index("ix_target_rollout_id", "rollout_id", postgresql_where=text("rollout_id IS NOT NULL")),
        Index("ix_target_held", "cluster_id", postgresql_where=text("lease_owner IS NOT NULL")),
    )

    id: int = Id()
    deployment_id: int = Ref("deployment.id")
    cluster_id: int = Ref("cluster.id", ondelete="RESTRICT")
    wanted: bool = True  # False: the release is to be removed, and then the target
    secret_paths: list[str] = Json(default_factory=list)  # those of the deployment: values at these paths are masked
    desired_digest: bytes = Bytes()  # of the desired release (`app.releases.canonical.digest`)
    generation: int | None = None  # the one it last converged to
    allowed_generation: int | None = None  # its desired state; None: a rollout has not reached this new target yet
    rollout_id: int | None = Ref(
        "rollout.id", ondelete="SET NULL", default=None, nullable=True
    )  # the rollout that a change of this target may concern

    # What the desired values depend on, apart from the revision: facts about the cluster (None: they depend on nothing
    # else), endpoints of other targets, and the result of each expression. A failed evaluation keeps all of them, and
    # says why it failed.
    inputs: dict[str, Any] | None = Json(default=None, nullable=True)
    endpoints: list[dict[str, Any]] = Json(default_factory=list)  # `Endpoint.as_json`; without a value: waited for
    results: dict[str, Any] = Json(default_factory=dict)
    evaluation_error: str | None = None
    renewed_at: datetime | None = Timestamp(default=None)  # when the values last changed because the cluster has

    status: TargetStatus = Choice(TargetStatus, default=TargetStatus.UNKNOWN)
    reasons: list[dict[str, Any]] = Json(default_factory=list)
    status_since: datetime = Timestamp(default_factory=now)
    observed_at: datetime | None = Timestamp(default=None)
    seen_version: int = Field(default=0, sa_type=BigInteger)  # of the cluster's store, when the release was last seen
    judged_digest: bytes | None = Bytes(default=None, nullable=True)  # of everything that status and reasons depend on

    health: Health = Choice(Health, default=Health.UNKNOWN)
    health_reasons: list[dict[str, Any]] = Json(default_factory=list)  # the resources to blame, the worst first
    health_since: datetime = Timestamp(default_factory=now)
    inventory_version: str = ""  # `resource_version` of the release whose resources are in `live_resource`
    inventory_left_out: int = 0  # of its objects, by the limits

    drift: DriftState = Choice(DriftState, default=DriftState.UNKNOWN)  # of its live objects
    drift_since: datetime = Timestamp(default_factory=now)
    drifted: int = 0  # objects that differ or are missing
    not_compared: int = 0  # objects that cannot be compared
    drift_due: bool = False  # the deployment's setting has changed, and the cluster's observer does not know yet

    error: dict[str, Any] | None = Json(default=None, nullable=True)
    attempts: int = 0  # failed ones, for the current generation
    writes: int = 0  # those that created a revision or ran hooks
    retry_at: datetime | None = Timestamp(default=None)

    window: dict[str, Any] | None = Json(
        default=None, nullable=True
    )  # {reason, until, since}: a move waits for its change window

    corrections: int = 0  # changes outside of Polyhelm since the last quiet period
    corrected_at: datetime | None = Timestamp(default=None)
    contested_until: datetime | None = Timestamp(
        default=None
    )  # no correction before this time, because the release is changed again each time

    held_digest: bytes | None = Bytes(
        default=None, nullable=True
    )  # `judged_digest` when the work was cancelled: no drift correction while it is the same

    claimed: bool = False  # Helm has run for it at least once: the release belongs to Polyhelm
    intent: dict[str, Any] | None = Json(default=None, nullable=True)

    waits_for: list[str] = Json(default_factory=list)  # what its open work awaits of other deployments, as sentences

    # Written by the holder of the lease: the phase of its run, and whether it is in a hook or waits for readiness,
    # which uses no slot of the cluster.
    activity: dict[str, Any] | None = Json(default=None, nullable=True)
    waits: bool = False
    lease_owner: str | None = None
    lease_token: int = 0
    lease_expires_at: datetime | None = Timestamp(default=None)


OF_GENERATION = ("inputs", "results", "endpoints", "desired_digest")
"""The columns of a target that belong to its generation, apart from the number."""


class TargetHold(SQLModel, table=True):
    """The generation of a target that failed and was remedied, with what belongs to it. The target does not get it
    again until a user lifts the hold, and a newer generation replaces it. The desired state of the target is its
    allowed generation or, without one, no release."""

    __tablename__ = "target_hold"

    target_id: int = Ref("target.id", primary_key=True)
    generation: int
    remedy: Remedy = Choice(Remedy)
    code: str  # of the error
    message: str
    inputs: dict[str, Any] | None = Json(default=None, nullable=True)
    results: dict[str, Any] = Json(default_factory=dict)
    endpoints: list[dict[str, Any]] = Json(default_factory=list)
    desired_digest: bytes = Bytes()
    created_at: datetime = Timestamp(default_factory=now)


class Release(SQLModel, table=True):
    """The newest revision of a Helm release on a cluster, managed by Polyhelm or not, as last observed."""

    __tablename__ = "release"

    cluster_id: int = Ref("cluster.id", primary_key=True)
    namespace: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    revision: int
    status: str  # Helm's own status
    chart_name: str
    chart_version: str
    app_version: str | None = None
    values: dict[str, Any] | None = Json(default=None, nullable=True)  # kept only for targets
    digest: bytes = Bytes()  # under a key of the installation, for unmanaged releases
    unreadable: str | None = None  # why its record cannot be read
    description: str | None = None
    updated_at: datetime | None = Timestamp(default=None)
    resource_version: str  # of the Secret that holds the record


class Abandoned(SQLModel, table=True):
    """A release that a forced removal or deletion left behind, by the uid of its cluster.

    It still belongs to Polyhelm when a deployment with the same name and chart targets that cluster again.
    """

    __tablename__ = "abandoned_release"

    organization_id: int = Ref("organization.id", primary_key=True)
    cluster_uid: str = Field(primary_key=True)
    namespace: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    chart_name: str
    revision: int  # the newest known one; 0 for none
    abandoned_at: datetime = Timestamp(default_factory=now)
