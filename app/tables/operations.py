"""Operations, their results on each cluster, and the idempotency keys of requests. A target has at most one open
result, which is the work that remains for it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.releases.step import ReleaseAction
from app.tables.columns import Bytes, Choice, Id, Json, Ref, Timestamp, now
from app.tables.states import OperationState


class OperationKind(StrEnum):
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    ROLLBACK = "ROLLBACK"  # an update to the desired state of an earlier generation
    PROMOTION = "PROMOTION"  # an update to the chart and the common values of a generation of another deployment
    RECONCILE = "RECONCILE"
    DELETE = "DELETE"
    REMEDIATION = "REMEDIATION"  # after a failure, a target returns to its last verified generation, or to no release
    CORRECTION = "CORRECTION"  # objects that differ from the manifest are reverted, without Helm
    API_MIGRATION = "API_MIGRATION"  # records get the API versions that replace removed ones, without Helm

    @property
    def noun(self) -> str:
        """The operation as the subject of a sentence."""
        return _NOUNS[self]

    @property
    def keeps_release(self) -> bool:
        """Whether it leaves a release that is not in its desired state as it is."""
        return self in KEEPING


_NOUNS = {
    OperationKind.CREATE: "Creation",
    OperationKind.UPDATE: "Update",
    OperationKind.ROLLBACK: "Rollback",
    OperationKind.PROMOTION: "Promotion",
    OperationKind.RECONCILE: "Reconciliation",
    OperationKind.DELETE: "Deletion",
    OperationKind.REMEDIATION: "Remediation",
    OperationKind.CORRECTION: "Correction",
    OperationKind.API_MIGRATION: "API migration",
}


KEEPING = frozenset({OperationKind.CORRECTION, OperationKind.API_MIGRATION})
"""The kinds of operations that bring no release to its desired state."""


class Operation(SQLModel, table=True):
    __tablename__ = "operation"
    __table_args__ = (Index("ix_operation_deployment_id_id", "deployment_id", "id"),)

    id: int = Id()
    organization_id: int = Ref("organization.id")
    deployment_id: int | None = Ref("deployment.id", ondelete="SET NULL", default=None, nullable=True)
    kind: OperationKind = Choice(OperationKind)
    state: OperationState = Choice(OperationState, default=OperationState.PENDING)
    generation: int | None = None
    author: str | None = None
    has_rollout: bool = False  # it stays open, because its rollout opens more results
    skip_hooks: bool = False  # hooks of the chart are skipped
    force: bool = False  # releases that cannot be removed are left behind
    allow_crd_version_removal: list[str] = Json(
        default_factory=list
    )  # CustomResourceDefinitions from which versions in use may be removed
    kubernetes_version: str | None = None  # of an API migration: the one that records are written for, such as 1.32
    created_at: datetime = Timestamp(default_factory=now)
    finished_at: datetime | None = Timestamp(default=None)
    cancelled_at: datetime | None = Timestamp(default=None)  # when it was cancelled; open results end soon after
    cancelled_by: str | None = None
    window_override: dict[str, Any] | None = Json(
        default=None, nullable=True
    )  # {windows, reason, by, at}: the ids of change windows that do not hold it


class OperationResult(SQLModel, table=True):
    """The outcome of an operation on one cluster.

    A target has at most one open result: a newer one supersedes it. A result ends before its target is removed.
    """

    __tablename__ = "operation_result"
    __table_args__ = (
        Index(
            "uq_operation_result_open",
            "target_id",
            unique=True,
            postgresql_where=text("state IN ('PENDING', 'RUNNING') AND target_id IS NOT NULL"),
        ),
        CheckConstraint("state NOT IN ('PENDING', 'RUNNING') OR target_id IS NOT NULL", name="open_has_target"),
    )

    operation_id: int = Ref("operation.id", primary_key=True)
    cluster_name: str = Field(primary_key=True)
    target_id: int | None = Ref("target.id", ondelete="SET NULL", default=None, nullable=True, index=True)
    action: ReleaseAction = Choice(ReleaseAction, default=ReleaseAction.NONE)
    state: OperationState = Choice(OperationState, default=OperationState.PENDING)
    error: dict[str, Any] | None = Json(default=None, nullable=True)
    planned_version: str | None = None  # of the release's record that its plan was made against; None without a plan
    output: str | None = None  # Helm's output of a successful action
    started_at: datetime | None = Timestamp(default=None)
    finished_at: datetime | None = Timestamp(default=None)


class IdempotencyKey(SQLModel, table=True):
    """The answer to a request with an idempotency key, so that the same request is executed once."""

    __tablename__ = "idempotency_key"

    organization_id: int = Ref("organization.id", primary_key=True)
    key: str = Field(primary_key=True)
    request_digest: bytes = Bytes()
    deployment_id: int | None = Ref("deployment.id", ondelete="SET NULL", default=None, nullable=True)
    operation_id: int | None = Ref("operation.id", ondelete="SET NULL", default=None, nullable=True)
    created_at: datetime = Timestamp(default_factory=now)
