"""Which targets may be corrected without a user's request."""

from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Mapped
from sqlmodel import col

from app.core.transaction import Transaction
from app.tables.deployments import Deployment
from app.tables.operations import OperationResult
from app.tables.targets import Target
from app.targets.joins import OPEN_RESULT
from app.targets.leases import UNHELD

CORRECTABLE: tuple[ColumnElement[bool] | Mapped[bool], ...] = (
    col(Deployment.deleting).is_(False),
    col(Target.wanted),
    # A target that has not converged to its generation has no drift: its last action failed, and a user has to act.
    col(Target.generation) == Target.allowed_generation,
    # After a cancellation, the wanted state or the release has to change before drift is corrected.
    col(Target.held_digest).is_distinct_from(col(Target.judged_digest)),
    UNHELD,
    ~select(col(OperationResult.operation_id)).where(OPEN_RESULT).exists(),
)
"""Conditions for a target, joined with its deployment: it has converged, and nothing else is done or to be done."""


async def write_target(transaction: Transaction, target_id: int, **values: Any) -> None:
    """Writes columns of a target that do not belong to the holder of its lease."""
    await transaction.session.execute(
        update(Target).where(col(Target.id) == target_id).values(**values).execution_options(synchronize_session=False)
    )
