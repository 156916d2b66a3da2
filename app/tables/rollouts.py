from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from app.rollouts.states import Answer, CheckVerdict, Ending, RolloutPhase, TargetState, WaveState
from app.tables.columns import Bytes, Choice, Id, Json, Ref, Timestamp, now
from app.tables.states import PlanVerdict


class Rollout(SQLModel, table=True):
    """The change of a deployment's targets to one generation, in waves.

    A step is written only if `version` is still the one that the step was computed from. `gates` are what the rollout
    waits for, as `app.delivery.stored` writes them."""

    __tablename__ = "rollout"
    __table_args__ = (
        Index("ix_rollout_organization_id_id", "organization_id", "id"),
        Index("ix_rollout_deployment_id_id", "deployment_id", "id"),
        Index("uq_rollout_active", "deployment_id", unique=True, postgresql_where=text("is_active")),
    )

    id: int = Id()
    organization_id: int = Ref("organization.id")
    deployment_id: int = Ref("deployment.id")
    generation: int  # a rollback has the one that its targets leave
    plan_id: int | None = Ref("plan.id", ondelete="SET NULL", default=None, nullable=True)
    plan_digest: str  # approvals are given for it
    strategy: dict[str, Any] = Json()
    budget: int  # targets that may be unavailable at once because of the rollout
    phase: RolloutPhase = Choice(RolloutPhase, default=RolloutPhase.RUNNING)
    ending: Ending | None = Choice(Ending, default=None, nullable=True)
    is_active: bool = True  # its steps decide which targets move; at most one rollout of a deployment
    is_queued: bool = False  # it begins when the active one has ended
    is_expedited: bool = False
    expedite_reason: str | None = None
    author_id: int | None = Ref("user_account.id", ondelete="SET NULL", default=None, nullable=True)
    author: str | None = None
    operation_id: int | None = Ref("operation.id", ondelete="SET NULL", default=None, nullable=True, index=True)
    supersedes_id: int | None = Ref("rollout.id", ondelete="SET NULL", default=None, nullable=True)
    rollback_of_id: int | None = Ref("rollout.id", ondelete="SET NULL", default=None, nullable=True)
    version: int = 0
    gates: list[dict[str, Any]] = Json(default_factory=list)
    next_at: datetime | None = Timestamp(default=None)  # when time alone changes something
    created_at: datetime = Timestamp(default_factory=now)
    ended_at: datetime | None = Timestamp(default=None)


class RolloutWave(SQLModel, table=True):
    """One wave of a rollout. `rule` is a copy of the strategy's, as `app.rollouts.strategy` writes it."""

    __tablename__ = "rollout_wave"

    rollout_id: int = Ref("rollout.id", primary_key=True)
    index: int = Field(primary_key=True)
    rule: dict[str, Any] = Json()
    state: WaveState = Choice(WaveState, default=WaveState.PENDING)
    started_at: datetime | None = Timestamp(default=None)
    settled_at: datetime | None = Timestamp(default=None)  # since when all its targets have a result
    passed_at: datetime | None = Timestamp(default=None)


class RolloutTarget(SQLModel, table=True):
    """A target in a rollout. A removed target keeps its row.

    `generation` is where the target moves. `inputs`, `results`, `endpoints` and `desired_digest` belong to that
    generation, and are copied to the target when it moves."""

    __tablename__ = "rollout_target"
    __table_args__ = (Index("ix_rollout_target_rollout_id_wave", "rollout_id", "wave", "cluster_name"),)

    rollout_id: int = Ref("rollout.id", primary_key=True)
    cluster_name: str = Field(primary_key=True)
    target_id: int | None = Ref("target.id", ondelete="SET NULL", default=None, nullable=True, index=True)
    wave: int
    generation: int
    inputs: dict[str, Any] | None = Json(default=None, nullable=True)
    results: dict[str, Any] = Json(default_factory=dict)
    endpoints: list[dict[str, Any]] = Json(default_factory=list)
    desired_digest: bytes = Bytes()
    state: TargetState = Choice(TargetState, default=TargetState.BEHIND)
    is_put_off: bool = False
    is_preceding: bool = False  # in flight for the superseded rollout
    was_available: bool = False
    moved_at: datetime | None = Timestamp(default=None)
    due_at: datetime | None = Timestamp(default=None)  # when it must be ready
    ready_at: datetime | None = Timestamp(default=None)  # since when it is ready
    attempt: int = 0
    planned_version: str | None = None  # of the release's record that the plan was made against
    operation_id: int | None = Ref("operation.id", ondelete="SET NULL", default=None, nullable=True)


class GateDecision(SQLModel, table=True):
    """What a user decided on a wave, for the plan with this digest."""

    __tablename__ = "gate_decision"

    id: int = Id()
    rollout_id: int = Ref("rollout.id", index=True)
    wave: int
    plan_digest: str
    user_id: int | None = Ref("user_account.id", ondelete="SET NULL", default=None, nullable=True)
    author: str
    verdict: PlanVerdict = Choice(PlanVerdict)
    comment: str | None = None
    created_at: datetime = Timestamp(default_factory=now)


class CheckRun(SQLModel, table=True):
    """A run of a check of a wave; the newest one of a name counts. A measurement is written only if `version` is still
    the one with which it began."""

    __tablename__ = "check_run"
    __table_args__ = (
        Index("ix_check_run_rollout_id", "rollout_id"),
        Index(
            "uq_check_run_running", "rollout_id", "wave", "name", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
    )

    id: int = Id()
    rollout_id: int = Ref("rollout.id")
    wave: int
    name: str
    rule: dict[str, Any] = Json()  # as the wave's rule has it
    verdict: CheckVerdict = Choice(CheckVerdict, default=CheckVerdict.RUNNING)
    message: str | None = None  # of the last measurement
    version: int = 0
    next_at: datetime | None = Timestamp(default=None)  # when it is measured again
    measuring_since: datetime | None = Timestamp(default=None)  # of a measurement whose Jobs run
    looks: dict[str, Any] = Json(default_factory=dict)  # what is known of these Jobs, by cluster
    started_at: datetime = Timestamp(default_factory=now)
    ended_at: datetime | None = Timestamp(default=None)


class CheckMeasurement(SQLModel, table=True):
    """A measurement of a check. `clusters` has its results on some clusters, the worst first."""

    __tablename__ = "check_measurement"

    run_id: int = Ref("check_run.id", primary_key=True)
    number: int = Field(primary_key=True)
    answer: Answer = Choice(Answer)
    message: str
    clusters: list[dict[str, Any]] = Json(default_factory=list)
    started_at: datetime = Timestamp(default_factory=now)
    finished_at: datetime = Timestamp(default_factory=now)


class GenerationHold(SQLModel, table=True):
    """No target moves to a held generation until a person lifts the hold."""

    __tablename__ = "generation_hold"

    deployment_id: int = Ref("deployment.id", primary_key=True)
    generation: int = Field(primary_key=True)
    rollout_id: int | None = Ref("rollout.id", ondelete="SET NULL", default=None, nullable=True)
    reason: str
    created_at: datetime = Timestamp(default_factory=now)
    lifted_at: datetime | None = Timestamp(default=None)
    lifted_by: str | None = None


class VerifiedGeneration(SQLModel, table=True):
    """The last generation with which a target was known to work, and what its values depended on then."""

    __tablename__ = "verified_generation"

    target_id: int = Ref("target.id", primary_key=True)
    generation: int
    inputs: dict[str, Any] | None = Json(default=None, nullable=True)
    results: dict[str, Any] = Json(default_factory=dict)
    endpoints: list[dict[str, Any]] = Json(default_factory=list)
    desired_digest: bytes = Bytes()
    at: datetime = Timestamp(default_factory=now)
