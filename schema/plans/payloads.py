"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.deployments.types import Deployment
from schema.errors import ClusterUnreachable, Conflict, Forbidden, NotFound, RemovalUnconfirmed, ValidationFailed
from schema.operations.types import Operation
from schema.plans.types import Plan
from schema.previews.types import ChartNotice, PlanProgress
from schema.targets.abandoned import AbandonedRelease


@strawberry.type
class PlanPayload:
    plan: Plan


@strawberry.type
class PlanDeploymentPayload:
    plan: Plan | None = strawberry.field(description="The stored plan, if it was ready in time.")
    plan_progress: PlanProgress | None = strawberry.field(
        description="The progress of a plan that takes longer than a request waits (POLYHELM_PLAN_WAIT). Read it with"
        " the query `planProgress`; `storedPlan` is then the plan. It is cancelled if it is not read for a minute."
    )
    notices: list[ChartNotice] = strawberry.field(description="Notices about the chart version.")


@strawberry.type
class ApplyPlanPayload:
    plan: Plan
    deployment: Deployment | None = strawberry.field(description="Null if it was deleted at once.")
    operation: Operation | None = strawberry.field(description="Null if there was nothing to do.")
    was_applied: bool = strawberry.field(
        description="Whether an earlier request applied the plan. If so, `operation` is the one that it started."
    )
    abandoned: list[AbandonedRelease] = strawberry.field(
        description="The releases that `force` left behind. They may still exist."
    )


PlanDeploymentResult = Annotated[
    PlanDeploymentPayload | ValidationFailed | NotFound | Conflict | Forbidden | ClusterUnreachable,
    strawberry.union("PlanDeploymentResult"),
]

ApplyPlanResult = Annotated[
    ApplyPlanPayload | ValidationFailed | NotFound | Conflict | Forbidden | RemovalUnconfirmed,
    strawberry.union("ApplyPlanResult"),
]

ApprovePlanResult = Annotated[
    PlanPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("ApprovePlanResult")
]

RejectPlanResult = Annotated[
    PlanPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("RejectPlanResult")
]

CommentOnPlanResult = Annotated[
    PlanPayload | ValidationFailed | NotFound | Forbidden, strawberry.union("CommentOnPlanResult")
]

DiscardPlanResult = Annotated[PlanPayload | NotFound | Conflict | Forbidden, strawberry.union("DiscardPlanResult")]
