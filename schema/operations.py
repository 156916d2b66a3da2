from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.operations import tables
from schema.context import Info
from schema.enums import OperationKind, OperationState, ReleaseAction
from schema.ids import encode_id
from schema.node import Node

if TYPE_CHECKING:
    from schema.deployments import Deployment


@strawberry.type(description="A failed action.")
class TargetError:
    code: str
    message: str
    output: str | None = strawberry.field(description="The words of Helm or the API server.")
    at: datetime
    attempts: int

    @classmethod
    def of(cls, error: dict[str, Any] | None) -> "TargetError | None":
        if error is None:
            return None
        return cls(
            code=error["code"],
            message=error["message"],
            output=error.get("output"),
            at=datetime.fromisoformat(error["at"]),
            attempts=error["attempts"],
        )


@strawberry.type(description="What became of an operation on one cluster.")
class OperationResult:
    operation_id: strawberry.Private[int]
    cluster_name: str
    action: ReleaseAction
    state: OperationState
    error: TargetError | None
    started_at: datetime | None
    finished_at: datetime | None

    @strawberry.field(description="What Helm said about an action that succeeded, the chart's notes included.")
    async def output(self, info: Info) -> str | None:
        return await info.context.load.output_by_result.load((self.operation_id, self.cluster_name))

    @classmethod
    def of(cls, row: tables.OperationResult) -> "OperationResult":
        return cls(
            operation_id=row.operation_id,
            cluster_name=row.cluster_name,
            action=row.action,
            state=row.state,
            error=TargetError.of(row.error),
            started_at=row.started_at,
            finished_at=row.finished_at,
        )


@strawberry.type(description="One request to change something, followed to its end.")
class Operation(Node):
    row: strawberry.Private[tables.Operation]
    kind: OperationKind
    state: OperationState = strawberry.field(description="SUCCEEDED only if every result did.")
    generation: int | None
    author: str | None
    created_at: datetime
    finished_at: datetime | None
    cancelled_at: datetime | None = strawberry.field(
        description="When somebody cancelled it. Until it has ended, its workers are stopping what runs."
    )
    cancelled_by: str | None

    @strawberry.field
    async def deployment(self, info: Info) -> Annotated["Deployment", strawberry.lazy("schema.deployments")] | None:
        from schema.deployments import Deployment

        if self.row.deployment_id is None:
            return None
        row = await info.context.load.deployment_by_id.load(self.row.deployment_id)
        return Deployment.of(row) if row else None

    @strawberry.field(description="By the cluster's name; of all clusters, or of those that are named.")
    async def results(self, info: Info, clusters: list[str] | None = None) -> list[OperationResult]:
        rows = await info.context.load.results_by_operation.load(self.row.id)
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
            created_at=row.created_at,
            finished_at=row.finished_at,
            cancelled_at=row.cancelled_at,
            cancelled_by=row.cancelled_by,
        )
