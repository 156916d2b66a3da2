"""What a change would do, as an answer to a request: the plan itself, its progress, and notices about the chart."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.deployments import answer
from app.deployments.packing import unpack
from app.deployments.planning import error_of
from app.tables import deployments as tables
from schema.context import Info
from schema.errors import UserError, to_graphql
from schema.list_length import usually
from schema.operations.enums import ReleaseAction
from schema.previews.enums import WarningCode
from schema.previews.objects import (
    DEFINITION_CHANGES,
    OBJECT_CHANGES,
    DefinitionChange,
    ObjectChanges,
    definition_changes_of,
    object_changes_of,
)
from schema.previews.removal import Removal
from schema.relay.ids import encode_id
from schema.scalars import JSON
from schema.targets.enums import TargetStatus
from schema.targets.trouble import TargetError
from schema.targets.types import StatusReason
from schema.values import AS_YAML, as_yaml

if TYPE_CHECKING:
    from schema.plans.types import Plan


@strawberry.type(description="The planned change on one cluster.")
class TargetPlan:
    cluster_name: str
    action: ReleaseAction
    status: TargetStatus
    reasons: list[StatusReason] = strawberry.field(metadata=usually(2))
    desired_values: JSON
    manifest: str | None

    @strawberry.field(description=AS_YAML)
    async def desired_values_yaml(self) -> str:
        return await as_yaml(self.desired_values)

    manifest_diff: str | None = strawberry.field(
        description="A unified diff between the installed and the planned manifest."
    )
    values_diff: str | None = strawberry.field(
        description="A unified diff between the installed and the planned values as YAML; null for a removal."
    )
    definition_changes: list[DefinitionChange] = strawberry.field(
        metadata=usually(1),
        description=DEFINITION_CHANGES,
    )
    object_changes: ObjectChanges = strawberry.field(description=OBJECT_CHANGES)
    warnings: list[str] = strawberry.field(
        description="Warnings of the API server, such as unknown fields, and checks that could not be made."
    )
    error: TargetError | None

    @classmethod
    def of(cls, plan: answer.TargetPlan) -> "TargetPlan":
        return cls(
            cluster_name=plan.cluster_name,
            action=plan.action,
            status=plan.status,
            reasons=[
                StatusReason(
                    code=reason.code,
                    message=reason.message,
                    path=reason.path,
                    desired=reason.desired,
                    actual=reason.actual,
                )
                for reason in plan.reasons
            ],
            desired_values=plan.desired_values,
            manifest=plan.manifest,
            manifest_diff=plan.manifest_diff,
            values_diff=plan.values_diff,
            definition_changes=definition_changes_of(plan.definition_changes),
            object_changes=object_changes_of(plan.object_changes),
            warnings=list(plan.warnings),
            error=TargetError.of(plan.error),
        )


@strawberry.type(
    description="A part of the request that has no effect or is probably a mistake. It does not prevent the change."
)
class PlanWarning:
    code: WarningCode
    message: str
    path: list[str] = strawberry.field(description="The path into the input; empty if it is about the whole.")


@strawberry.type(description="What a change would do.")
class DeploymentPlan:
    targets: list[TargetPlan] = strawberry.field(metadata=usually(100))
    removal: Removal | None = strawberry.field(
        description="The targets that an update would remove; null for other actions."
    )
    changed: bool = strawberry.field(
        description=("Whether the desired state would change. If not, only differences on clusters would be corrected.")
    )
    warnings: list[PlanWarning] = strawberry.field(
        metadata=usually(1),
        description="Warnings about selectors, overrides and paths of values, at most 50. Only creates and updates have"
        " any.",
    )

    @classmethod
    def of(cls, found: answer.Answer) -> "DeploymentPlan | None":
        if found.plan is None:
            return None
        return cls(
            targets=[TargetPlan.of(plan) for plan in found.plan],
            removal=Removal.of(found.removal) if found.removal else None,
            changed=found.changed,
            warnings=[PlanWarning(code=one.code, message=one.message, path=list(one.path)) for one in found.warnings],
        )


@strawberry.type(description="A notice about a chart version. It does not prevent the deployment.")
class ChartNotice:
    code: str = strawberry.field(description='"chart_deprecated" or "chart_republished".')
    message: str


def notices_of(found: answer.Answer) -> list[ChartNotice]:
    return [ChartNotice(code=notice.code, message=notice.message) for notice in found.notices]


@strawberry.type(description="The progress of a plan that takes longer than a request, and then the plan.")
class PlanProgress:
    id: strawberry.ID
    done: int = strawberry.field(description="The number of clusters that are already planned.")
    total: int = strawberry.field(description="The number of clusters to plan; 0 until it is known.")
    finished: bool = strawberry.field(description="Whether `plan` or `error` is available.")
    plan: DeploymentPlan | None
    error: UserError | None = strawberry.field(description="Why the plan failed.")
    stored_id: strawberry.Private[int | None]
    notices: list[ChartNotice] = strawberry.field(
        description="Notices about the chart version; empty until the plan is finished."
    )

    @strawberry.field(description="The plan that `planDeployment` has stored, once it is finished.")
    async def stored_plan(self, info: Info) -> Annotated["Plan", strawberry.lazy("schema.plans.types")] | None:
        found: Plan | None = await info.context.find("Plan", self.stored_id)
        return found

    @classmethod
    async def of(cls, row: tables.PlanProgress) -> "PlanProgress":
        found = answer.Answer() if row.content is None else await asyncio.to_thread(unpack, row.content)
        error = error_of(row)
        return cls(
            id=encode_id("PlanProgress", row.id),
            done=row.done,
            total=row.total,
            finished=row.finished_at is not None or error is not None,
            plan=DeploymentPlan.of(found),
            error=None if error is None else to_graphql(error),
            stored_id=found.stored_id,
            notices=notices_of(found),
        )
