"""The inputs of mutations about plans. Their texts are masked in the audit log unless the subject lists them as
plain."""

from datetime import datetime

import strawberry

from schema.deployments.inputs import (
    ALLOW_CRD_VERSION_REMOVAL,
    CreateDeploymentInput,
    DeleteDeploymentInput,
    PromoteDeploymentInput,
    ReconcileDeploymentInput,
    UpdateDeploymentInput,
)


@strawberry.input(
    description="Returns a deployment to the chart, the values and the targets of an earlier generation, by a new"
    " generation. Options stay."
)
class RollBackDeploymentInput:
    id: strawberry.ID
    generation: int = strawberry.field(description="The generation to return to.")
    expected_generation: int | None = strawberry.field(
        default=None, description="Fail with a conflict if the deployment has another generation."
    )
    allow_crd_version_removal: list[str] | None = strawberry.field(default=None, description=ALLOW_CRD_VERSION_REMOVAL)


@strawberry.input(
    description="Exactly one of `create`, `update`, `reconcile`, `delete`, `rollBack` and `promote`. `dryRun` and"
    " `idempotencyKey` in them have no effect."
)
class PlanDeploymentInput:
    create: CreateDeploymentInput | None = None
    update: UpdateDeploymentInput | None = None
    reconcile: ReconcileDeploymentInput | None = None
    delete: DeleteDeploymentInput | None = None
    roll_back: RollBackDeploymentInput | None = None
    promote: PromoteDeploymentInput | None = None
    required_approvals: int | None = strawberry.field(
        default=0, description="How many others have to approve the plan before it can be applied, at most 10."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="Default, and the latest: POLYHELM_PLAN_LIFETIME from now."
    )
    comment: str | None = strawberry.field(default=None, description="Why the change is made, for those who approve.")


@strawberry.input
class ApplyPlanInput:
    id: strawberry.ID
    digest: str | None = strawberry.field(default=None, description="Fail with a conflict if the plan has another one.")
    confirm_removal: int | None = strawberry.field(
        default=None, description="How many targets the plan removes, where `updateDeployment` needs it."
    )


@strawberry.input
class ApprovePlanInput:
    id: strawberry.ID
    digest: str = strawberry.field(description="The digest of the plan that the caller has read.")
    comment: str | None = None


@strawberry.input
class RejectPlanInput:
    id: strawberry.ID
    digest: str = strawberry.field(description="The digest of the plan that the caller has read.")
    comment: str | None = None


@strawberry.input
class CommentOnPlanInput:
    id: strawberry.ID
    comment: str


@strawberry.input
class DiscardPlanInput:
    id: strawberry.ID
