"""Opens an operation for a change by a user."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from app.core.errors import NotFound
from app.core.transaction import Transaction
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.operations.codes import OperationCode
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationResult
from app.tables.states import OPEN
from app.tables.targets import Target


@dataclass(frozen=True)
class OpenedOperation:
    """An operation whose row is locked, like those of its deployment and of the targets with an open result."""

    operation: Operation
    deployment: Deployment | None
    targets: Sequence[Any]

    @property
    def group_id(self) -> int | None:
        return self.deployment.group_id if self.deployment else None

    @property
    def of_deployment(self) -> str:
        """Names the deployment in messages."""
        return f" of {self.deployment.release_name}" if self.deployment else ""


async def opened_operation(
    transaction: Transaction, viewer: Viewer, operation_id: int, *columns: Any
) -> OpenedOperation:
    """Reads and locks an operation that the viewer may change. `columns` are read for each target with an open result,
    in the order of their ids.

    Raises:
        NotFound: the viewer sees no such operation.
        Forbidden: the viewer may not change it.
    """
    session = transaction.session
    operation = await session.get(Operation, operation_id)
    if operation is None or not viewer.sees(operation.organization_id):
        raise NotFound(OperationCode.OPERATION_NOT_FOUND, "There is no such operation.", ("id",))
    deployment = None
    if operation.deployment_id is not None:
        deployment = await session.get(Deployment, operation.deployment_id, with_for_update={"key_share": True})
    group_id = deployment.group_id if deployment else None
    viewer.require(operation.organization_id, Permission.DEPLOYMENTS_WRITE, group_id=group_id)
    targets = (await session.execute(_open_targets(operation_id, *columns))).all()
    await session.refresh(operation, with_for_update={"key_share": True})
    return OpenedOperation(operation, deployment, targets)


def _open_targets(operation_id: int, *columns: Any) -> Select[Any]:
    chosen: Select[Any] = select(*columns)
    return (
        chosen.join(OperationResult, col(OperationResult.target_id) == Target.id)
        .where(col(OperationResult.operation_id) == operation_id, col(OperationResult.state).in_(OPEN))
        .order_by(col(Target.id))
        .with_for_update(of=Target, key_share=True)
    )
