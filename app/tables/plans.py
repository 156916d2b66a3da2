"""Stored plans, what they do on each target, and the comments and decisions about them. Large texts are stored apart
and compressed, because lists do not need them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.releases.status import TargetStatus
from app.releases.step import ReleaseAction
from app.tables.columns import Bytes, Choice, Id, Json, Ref, Timestamp, now
from app.tables.states import PlanState, PlanVerdict


class PlanKind(StrEnum):
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    RECONCILE = "RECONCILE"
    DELETE = "DELETE"
    ROLLBACK = "ROLLBACK"
    PROMOTE = "PROMOTE"


class Plan(SQLModel, table=True):
    """A plan that was stored, with the request that it was made for. Only its state and the columns below it change."""

    __tablename__ = "plan"
    __table_args__ = (
        Index("ix_plan_organization_id_id", "organization_id", "id"),
        Index("ix_plan_deployment_id_id", "deployment_id", "id"),
        Index("ix_plan_chart_digest", "chart_digest"),
    )

    id: int = Id()
    organization_id: int = Ref("organization.id")
    group_id: int = Ref("cluster_group.id", index=True)
    deployment_id: int | None = Ref("deployment.id", ondelete="SET NULL", default=None, nullable=True)
    kind: PlanKind = Choice(PlanKind)
    request: bytes = Bytes()  # as `app.plans.requests` writes it
    release_name: str
    namespace: str
    chart: str
    chart_version: str | None = None  # None: the deployment is deleted
    chart_digest: str | None = None
    options: dict[str, Any] = Json(default_factory=dict)  # the options that the request sets
    foundation: dict[str, Any] = Json()  # what it was made against, apart from the targets
    digest: str
    changed: bool  # whether the desired state would change
    removal: dict[str, Any] | None = Json(default=None, nullable=True)
    warnings: list[dict[str, Any]] = Json(default_factory=list)
    notices: list[dict[str, Any]] = Json(default_factory=list)
    counts: dict[str, int] = Json(default_factory=dict)  # targets by action
    failing: int = 0  # targets with an error, apart from unreachable clusters
    unreachable: int = 0
    comment: str | None = None
    author_id: int | None = Ref("user_account.id", ondelete="SET NULL", default=None, nullable=True)
    author: str
    required_approvals: int = 0
    created_at: datetime = Timestamp(default_factory=now)
    expires_at: datetime = Timestamp(index=True)

    state: PlanState = Choice(PlanState, default=PlanState.OPEN)
    ended_at: datetime | None = Timestamp(default=None)  # when it was applied or discarded
    ended_by: str | None = None
    operation_id: int | None = Ref("operation.id", ondelete="SET NULL", default=None, nullable=True)


class PlannedText(SQLModel, table=True):
    """A text of a plan, compressed. Targets with equal texts share it."""

    __tablename__ = "plan_text"

    plan_id: int = Ref("plan.id", primary_key=True)
    number: int = Field(primary_key=True)
    content: bytes = Bytes()


class PlanTarget(SQLModel, table=True):
    """What a plan does on one cluster. Texts are named by their numbers in `plan_text`."""

    __tablename__ = "plan_target"

    plan_id: int = Ref("plan.id", primary_key=True)
    cluster_name: str = Field(primary_key=True)
    action: ReleaseAction = Choice(ReleaseAction)
    status: TargetStatus = Choice(TargetStatus)
    detail: bytes = Bytes()  # JSON of reasons, warnings and the error; Postgres would refuse some of the texts in JSON
    basis: dict[str, Any] = Json()
    desired_values: int
    values_diff: int | None = None
    manifest: int | None = None
    manifest_diff: int | None = None
    definition_changes: int | None = None  # JSON, as `app.deployments.definitions` writes it
    object_changes: int | None = None  # JSON, as `app.deployments.live_objects` writes it


class PlanComment(SQLModel, table=True):
    """A comment on a plan, or a decision about the plan with this digest."""

    __tablename__ = "plan_comment"

    id: int = Id()
    plan_id: int = Ref("plan.id", index=True)
    user_id: int | None = Ref("user_account.id", ondelete="SET NULL", default=None, nullable=True)
    author: str
    text: str | None = None
    verdict: PlanVerdict | None = Choice(PlanVerdict, default=None, nullable=True)
    digest: str
    created_at: datetime = Timestamp(default_factory=now)
