"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from app.deployments import answer
from schema.deployments.types import Deployment
from schema.errors import (
    ClusterUnreachable,
    Conflict,
    Forbidden,
    NotFound,
    RemovalUnconfirmed,
    ValidationFailed,
)
from schema.operations.types import Operation
from schema.previews.types import ChartNotice, DeploymentPlan, PlanProgress, notices_of
from schema.targets.abandoned import AbandonedRelease, abandoned_of


@strawberry.type
class DeploymentPayload:
    deployment: Deployment | None
    operation: Operation | None = strawberry.field(
        description="The operation that was started; null if nothing changed, and in a dry run."
    )
    plan: DeploymentPlan | None = strawberry.field(
        description="The plan of a dry run, if it was ready in time; see `planProgress`."
    )
    plan_progress: PlanProgress | None = strawberry.field(
        description="The progress of a dry run whose plan takes longer than a request waits (POLYHELM_PLAN_WAIT)."
        " Read it with the query `planProgress`. The plan is cancelled if it is not read for a minute."
    )
    abandoned: list[AbandonedRelease] = strawberry.field(
        description="The releases that `force` left behind. They may still exist."
    )
    notices: list[ChartNotice] = strawberry.field(
        description=(
            "Notices about the chart version, if the request selects one: on create, and on updates with a version."
        )
    )

    @classmethod
    async def of(cls, found: answer.Answer) -> "DeploymentPayload":
        return cls(
            deployment=Deployment.of(found.deployment) if found.deployment else None,
            operation=Operation.of(found.operation) if found.operation else None,
            plan=DeploymentPlan.of(found),
            plan_progress=await PlanProgress.of(found.progress) if found.progress else None,
            abandoned=abandoned_of(found.abandoned),
            notices=notices_of(found),
        )


CreateDeploymentResult = Annotated[
    DeploymentPayload | ValidationFailed | NotFound | Conflict | Forbidden | ClusterUnreachable,
    strawberry.union("CreateDeploymentResult"),
]

UpdateDeploymentResult = Annotated[
    DeploymentPayload | ValidationFailed | NotFound | Conflict | Forbidden | ClusterUnreachable | RemovalUnconfirmed,
    strawberry.union("UpdateDeploymentResult"),
]

PromoteDeploymentResult = Annotated[
    DeploymentPayload | ValidationFailed | NotFound | Conflict | Forbidden | ClusterUnreachable | RemovalUnconfirmed,
    strawberry.union("PromoteDeploymentResult"),
]

ReconcileDeploymentResult = Annotated[
    DeploymentPayload | ValidationFailed | NotFound | Forbidden, strawberry.union("ReconcileDeploymentResult")
]

DeleteDeploymentResult = Annotated[
    DeploymentPayload | NotFound | Conflict | Forbidden, strawberry.union("DeleteDeploymentResult")
]
