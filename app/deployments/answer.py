"""The answers to requests about deployments."""

from dataclasses import dataclass, field
from typing import Any

from app.charts.notices import Notice
from app.core.services import Services
from app.deployments.idempotency import RepeatedRequest
from app.deployments.proposal import Proposal
from app.deployments.removal import Removal
from app.deployments.warnings import PlanWarning
from app.releases.basis import Basis
from app.releases.status import Reason, TargetStatus
from app.releases.step import ReleaseAction
from app.releases.values import Values
from app.tables.deployments import Deployment, PlanProgress
from app.tables.operations import Operation
from app.targets.abandonment import AbandonedRelease


@dataclass(frozen=True)
class TargetPlan:
    """What would be done on one cluster. `manifest_diff` and `values_diff` are unified diffs against the installed
    manifest and values, `warnings` are those of the API server, `basis` is what the plan rests on. The changes of
    definitions and of live objects are JSON texts, which targets with the same changes share."""

    cluster_name: str
    action: ReleaseAction
    status: TargetStatus
    reasons: tuple[Reason, ...]
    desired_values: Values
    manifest: str | None = None
    manifest_diff: str | None = None
    warnings: tuple[str, ...] = ()
    error: dict[str, Any] | None = None
    values_diff: str | None = None
    definition_changes: str | None = None
    object_changes: str | None = None
    basis: Basis | None = None


@dataclass(frozen=True)
class Answer:
    """Either what was written or, after a dry run, the plan for what was proposed; `changed` says whether the desired
    state would change. A plan that was stored has its id in `stored_id`. If a plan takes longer than a request,
    `progress` replaces it."""

    deployment: Deployment | None = None
    operation: Operation | None = None
    plan: list[TargetPlan] | None = None
    proposal: Proposal | None = None
    stored_id: int | None = None
    progress: PlanProgress | None = None
    removal: Removal | None = None
    notices: list[Notice] = field(default_factory=list)
    warnings: list[PlanWarning] = field(default_factory=list)
    changed: bool = False
    abandoned: list[AbandonedRelease] = field(default_factory=list)


async def earlier_answer(services: Services, repeated: RepeatedRequest) -> Answer:
    """The answer to a repeated request, from what the first one has written."""
    async with services.database.reading() as session:
        return Answer(
            deployment=await session.get(Deployment, repeated.deployment_id) if repeated.deployment_id else None,
            operation=await session.get(Operation, repeated.operation_id) if repeated.operation_id else None,
        )
