"""Operations and their results."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.operations.outcomes import outcome_of
from app.tables import operations as tables
from app.targets.activity import Activity as TargetActivity
from schema.context import Info
from schema.list_length import usually
from schema.operations.enums import OperationKind, OperationState, ReleaseAction, ResultOutcome
from schema.operations.loaders import output_by_result, results_by_operation
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.targets.abandoned import AbandonedRelease, abandoned_by
from schema.targets.activity import Activity
from schema.targets.loaders import activity_by_target
from schema.targets.trouble import TargetError

if TYPE_CHECKING:
    from schema.deployments.types import Deployment


@strawberry.type(description="The result of an operation on one cluster.")
class OperationResult:
    operation_id: strawberry.Private[int]
    target_id: strawberry.Private[int | None]
    cluster_name: str
    action: ReleaseAction
    state: OperationState
    error: TargetError | None
    abandoned: AbandonedRelease | None = strawberry.field(
        description="The release that was left behind because it could not be removed and `force` was given."
    )
    started_at: datetime | None
    finished_at: datetime | None

    @strawberry.field(description="The outcome, or the current step. `action` is what Helm was run for.")
    async def outcome(self, info: Info) -> ResultOutcome:
        return self._outcome(await self._activity(info))

    @strawberry.field(description='The outcome in words, as "unchanged", "upgraded" or "waiting for cluster".')
    async def summary(self, info: Info) -> str:
        return self._outcome(await self._activity(info)).words(self.action)

    @strawberry.field(description="The current work; null once the result has ended.")
    async def activity(self, info: Info) -> Activity | None:
        found = await self._activity(info)
        return Activity.of(found) if found else None

    def _outcome(self, activity: TargetActivity | None) -> ResultOutcome:
        return outcome_of(self.state, self.action, self.error.code if self.error else None, activity)

    async def _activity(self, info: Info) -> TargetActivity | None:
        if self.target_id is None or not self.state.is_open:
            return None
        return await info.context.load[activity_by_target].load(self.target_id)

    @strawberry.field(description="The output of Helm for a successful action, including the chart's notes.")
    async def output(self, info: Info) -> str | None:
        return await info.context.load[output_by_result].load((self.operation_id, self.cluster_name))

    @classmethod
    def of(cls, row: tables.OperationResult) -> "OperationResult":
        return cls(
            operation_id=row.operation_id,
            target_id=row.target_id,
            cluster_name=row.cluster_name,
            action=row.action,
            state=row.state,
            error=TargetError.of(row.error),
            abandoned=abandoned_by(row.error),
            started_at=row.started_at,
            finished_at=row.finished_at,
        )


@strawberry.type(description="A request to change targets, with its progress and results.")
class Operation(Node):
    row: strawberry.Private[tables.Operation]
    kind: OperationKind
    state: OperationState = strawberry.field(
        description="The state of the operation. It is SUCCEEDED only if every result is."
    )
    generation: int | None
    author: str | None
    allow_crd_version_removal: list[str] = strawberry.field(
        metadata=usually(1),
        description="CustomResourceDefinitions from which the operation may remove versions in use.",
    )
    created_at: datetime
    finished_at: datetime | None
    cancelled_at: datetime | None = strawberry.field(
        description=("When the operation was cancelled. Until it has ended, workers are stopping running actions.")
    )
    cancelled_by: str | None
    window_overridden_by: str | None = strawberry.field(
        description="Who let it pass in spite of closed change windows; null if no user did."
    )
    window_override_reason: str | None

    @strawberry.field
    async def deployment(
        self, info: Info
    ) -> Annotated["Deployment", strawberry.lazy("schema.deployments.types")] | None:
        found: Deployment | None = await info.context.find("Deployment", self.row.deployment_id)
        return found

    @strawberry.field(
        metadata=usually(100), description="The results by cluster name, for all clusters or for the given ones."
    )
    async def results(self, info: Info, clusters: list[str] | None = None) -> list[OperationResult]:
        rows = await info.context.load[results_by_operation].load(self.row.id)
        return [OperationResult.of(row) for row in rows if clusters is None or row.cluster_name in clusters]

    @classmethod
    def of(cls, row: tables.Operation) -> "Operation":
        return cls(
            row=row,
            id=encode_id("Operation", row.id),
            kind=row.kind,
            state=row.state,
            generation=row.generation,
            author=row.author,
            allow_crd_version_removal=row.allow_crd_version_removal,
            created_at=row.created_at,
            finished_at=row.finished_at,
            cancelled_at=row.cancelled_at,
            cancelled_by=row.cancelled_by,
            window_overridden_by=(row.window_override or {}).get("by"),
            window_override_reason=(row.window_override or {}).get("reason"),
        )
