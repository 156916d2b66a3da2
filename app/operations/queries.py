"""Results of operations, for many operations in one query each."""

from collections.abc import Sequence

from sqlalchemy import tuple_
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.tables.operations import OperationResult


async def results(session: AsyncSession, operation_ids: Sequence[int]) -> Sequence[OperationResult]:
    statement = (
        select(OperationResult)
        .where(col(OperationResult.operation_id).in_(operation_ids))
        .order_by(col(OperationResult.cluster_name))
        .options(defer(OperationResult.output, raiseload=True))  # type: ignore[arg-type]
    )
    return (await session.exec(statement)).all()


async def outputs(session: AsyncSession, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], str | None]:
    """Helm's output, by operation and cluster name. It can be long, so it is read only when it is requested."""
    columns = col(OperationResult.operation_id), col(OperationResult.cluster_name)
    statement = select(*columns, OperationResult.output).where(tuple_(*columns).in_(keys))
    return {(row[0], row[1]): row[2] for row in (await session.exec(statement)).all()}
