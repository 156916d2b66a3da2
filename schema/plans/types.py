"""Stored plans, what they do on each cluster, and what people say about them."""

from datetime import datetime
from typing import Any

import orjson
import strawberry

from app.core.paging import DEFAULT, Window
from app.deployments import removal
from app.plans.approvals import ApprovalStatus, blocker, state_at
from app.plans.queries import targets_page
from app.tables import plans as tables
from app.tables.columns import now
from app.tables.states import PlanState as State
from schema.context import Info
from schema.deployments.loaders import deployment_by_id
from schema.deployments.types import Deployment
from schema.groups.loaders import group_by_id
from schema.groups.types import ClusterGroup
from schema.list_length import usually
from schema.operations.enums import ReleaseAction
from schema.operations.loaders import operation_by_id
from schema.operations.types import Operation
from schema.plans.enums import PlanKind, PlanState, PlanVerdict
from schema.plans.loaders import approval_status_by_plan, comments_by_plan, text_by_number
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
from schema.previews.types import ChartNotice, PlanWarning
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.scalars import JSON
from schema.targets.enums import TargetStatus
from schema.targets.trouble import TargetError
from schema.targets.types import StatusReason
from schema.values import AS_YAML, as_yaml


@strawberry.type(description="The number of targets with an action.")
class ActionCount:
    action: ReleaseAction
    count: int


@strawberry.type(description="What a stored plan does on one cluster.")
class PlannedTarget:
    row: strawberry.Private[tables.PlanTarget]
    detail: strawberry.Private[dict[str, Any]]
    cluster_name: str
    action: ReleaseAction
    status: TargetStatus = strawberry.field(description="The status of the target when the plan was made.")
    revision: int | None = strawberry.field(
        description="The revision of the release that the plan was made against; 0 if there was none, null if the"
        " cluster was unreachable."
    )
    resource_version: str | None = strawberry.field(
        description="The resource version of the release's newest record when the plan was made; empty if there was"
        " none, null if the cluster was unreachable."
    )
    warnings: list[str] = strawberry.field(
        metadata=usually(1),
        description="Warnings of the API server, such as unknown fields, and checks that could not be made.",
    )
    error: TargetError | None

    @strawberry.field(metadata=usually(2), description="Why the action is needed.")
    def reasons(self) -> list[StatusReason]:
        return [StatusReason(**reason) for reason in self.detail["reasons"]]

    @strawberry.field
    async def desired_values(self, info: Info) -> JSON:
        return orjson.loads(await self._text(info, self.row.desired_values) or "{}")

    @strawberry.field(description=AS_YAML)
    async def desired_values_yaml(self, info: Info) -> str:
        return await as_yaml(orjson.loads(await self._text(info, self.row.desired_values) or "{}"))

    @strawberry.field(
        description="A unified diff between the installed and the planned values as YAML; null for a removal."
    )
    async def values_diff(self, info: Info) -> str | None:
        return await self._text(info, self.row.values_diff)

    @strawberry.field(description="The planned manifest; null if nothing is installed or upgraded.")
    async def manifest(self, info: Info) -> str | None:
        return await self._text(info, self.row.manifest)

    @strawberry.field(description="A unified diff between the installed and the planned manifest.")
    async def manifest_diff(self, info: Info) -> str | None:
        return await self._text(info, self.row.manifest_diff)

    @strawberry.field(
        metadata=usually(1),
        description=DEFINITION_CHANGES,
    )
    async def definition_changes(self, info: Info) -> list[DefinitionChange]:
        return definition_changes_of(await self._text(info, self.row.definition_changes))

    @strawberry.field(description=OBJECT_CHANGES)
    async def object_changes(self, info: Info) -> ObjectChanges:
        return object_changes_of(await self._text(info, self.row.object_changes))

    async def _text(self, info: Info, number: int | None) -> str | None:
        if number is None:
            return None
        return await info.context.load[text_by_number].load((self.row.plan_id, number))

    @classmethod
    def of(cls, row: tables.PlanTarget) -> "PlannedTarget":
        detail, is_known = orjson.loads(row.detail), row.basis["reachable"]
        return cls(
            row=row,
            detail=detail,
            cluster_name=row.cluster_name,
            action=row.action,
            status=row.status,
            revision=row.basis["revision"] if is_known else None,
            resource_version=row.basis["resource_version"] if is_known else None,
            warnings=detail["warnings"],
            error=TargetError.of(detail["error"]),
        )


@strawberry.type(description="A comment on a plan, or a decision about it.")
class PlanComment:
    author: str
    text: str | None
    verdict: PlanVerdict | None = strawberry.field(description="The decision; null for a comment.")
    counts: bool = strawberry.field(
        description="Whether it is a decision that counts now: the last one of a user who may approve."
    )
    created_at: datetime


@strawberry.type(description="Why a plan cannot be applied now, as far as it is known without asking the clusters.")
class PlanBlocker:
    code: str = strawberry.field(description="The error code that `applyPlan` answers with.")
    message: str


@strawberry.type(
    description="A plan that was stored: what a change would do on each cluster, and what that is based on. Applying it"
    " does exactly this, or nothing."
)
class Plan(Node):
    row: strawberry.Private[tables.Plan]
    kind: PlanKind
    state: PlanState
    digest: str = strawberry.field(description="Equal for plans that do the same. Approvals are bound to it.")
    release_name: str
    namespace: str
    chart: str
    chart_version: str | None = strawberry.field(description="Null if the deployment is to be deleted.")
    chart_digest: str | None = strawberry.field(
        description="The digest of the stored archive that is applied, whatever the repository has by then."
    )
    generation: int | None = strawberry.field(
        description="The generation of the deployment that the plan was made against; null if it is to be created."
    )
    options: JSON = strawberry.field(
        description="The options that the change sets to other values, and what applies to this change only."
    )
    changed: bool = strawberry.field(description="Whether the desired state would change.")
    removal: Removal | None = strawberry.field(
        description="The targets that are removed. `applyPlan` needs `confirmRemoval` where `updateDeployment` does."
    )
    warnings: list[PlanWarning] = strawberry.field(metadata=usually(1))
    notices: list[ChartNotice] = strawberry.field(metadata=usually(1))
    counts: list[ActionCount] = strawberry.field(metadata=usually(3), description="The number of targets by action.")
    failing: int = strawberry.field(description="The number of targets whose plan has an error.")
    unreachable: int = strawberry.field(
        description="The number of targets that were unreachable. They are brought to the desired state once they are"
        " reachable again, and the plan does not know what that does."
    )
    comment: str | None
    author: str
    required_approvals: int
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = strawberry.field(description="When it was applied or discarded.")
    ended_by: str | None

    @strawberry.field(description="The deployment; null before it is created and once it was deleted.")
    async def deployment(self, info: Info) -> Deployment | None:
        if self.row.deployment_id is None:
            return None
        row = await info.context.load[deployment_by_id].load(self.row.deployment_id)
        return Deployment.of(row) if row else None

    @strawberry.field
    async def group(self, info: Info) -> ClusterGroup:
        row = await info.context.load[group_by_id].load(self.row.group_id)
        assert row is not None
        return ClusterGroup.of(row)

    @strawberry.field(
        metadata=usually(5), description="The caller's permissions for the plan, for example `plans.approve`."
    )
    def permissions(self, info: Info) -> list[str]:
        return list(info.context.viewer.permissions(self.row.organization_id, group_id=self.row.group_id))

    @strawberry.field(description="The operation that applies the plan; null if there was nothing to do.")
    async def operation(self, info: Info) -> Operation | None:
        if self.row.operation_id is None:
            return None
        row = await info.context.load[operation_by_id].load(self.row.operation_id)
        return Operation.of(row) if row else None

    @strawberry.field(description="The targets by the name of the cluster, all or those with one of these actions.")
    async def targets(
        self,
        info: Info,
        actions: list[ReleaseAction] | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[PlannedTarget]:
        page = await targets_page(info.context.services, self.row.id, Window.of(first, after), actions=actions)
        return to_connection(page, PlannedTarget.of)

    @strawberry.field(description="The number of approvals that count now.")
    async def approvals(self, info: Info) -> int:
        return len((await self._approval_status(info)).approved)

    @strawberry.field(metadata=usually(5), description="Comments and decisions, oldest first.")
    async def comments(self, info: Info) -> list[PlanComment]:
        found = await self._approval_status(info)
        counting = {*found.approved, *found.rejected}
        rows = await info.context.load[comments_by_plan].load(self.row.id)
        last = {row.user_id: row.id for row in rows if row.verdict is not None}
        return [
            PlanComment(
                author=row.author,
                text=row.text,
                verdict=row.verdict,
                counts=row.user_id in counting and last.get(row.user_id) == row.id,
                created_at=row.created_at,
            )
            for row in rows
        ]

    @strawberry.field(description="Null if it can be applied, unless something has changed since it was made.")
    async def blocker(self, info: Info) -> PlanBlocker | None:
        found = blocker(self._state, await self._approval_status(info), self.row.failing)
        return PlanBlocker(code=found.code, message=found.message) if found else None

    async def _approval_status(self, info: Info) -> ApprovalStatus:
        return await info.context.load[approval_status_by_plan].load(self.row.id)

    @property
    def _state(self) -> State:
        return state_at(self.row.state, self.row.expires_at, now())

    @classmethod
    def of(cls, row: tables.Plan) -> "Plan":
        return cls(
            row=row,
            id=encode_id("Plan", row.id),
            kind=row.kind,
            state=state_at(row.state, row.expires_at, now()),
            digest=row.digest,
            release_name=row.release_name,
            namespace=row.namespace,
            chart=row.chart,
            chart_version=row.chart_version,
            chart_digest=row.chart_digest,
            generation=row.foundation["generation"],
            options=row.options,
            changed=row.changed,
            removal=_removal(row.removal),
            warnings=[PlanWarning(**one | {"code": WarningCode(one["code"])}) for one in row.warnings],
            notices=[ChartNotice(**notice) for notice in row.notices],
            counts=[
                ActionCount(action=action, count=row.counts[action]) for action in ReleaseAction if action in row.counts
            ],
            failing=row.failing,
            unreachable=row.unreachable,
            comment=row.comment,
            author=row.author,
            required_approvals=row.required_approvals,
            created_at=row.created_at,
            expires_at=row.expires_at,
            ended_at=row.ended_at,
            ended_by=row.ended_by,
        )


def _removal(stored: dict[str, Any] | None) -> Removal | None:
    if not stored or not stored["names"]:
        return None
    return Removal.of(removal.Removal(**stored | {"names": tuple(stored["names"])}))
