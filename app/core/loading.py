"""Rows for many ids in one query each, for the API's loaders."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import tuple_
from sqlalchemy.orm import defer
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster
from app.tables.deployments import DeploymentRevision
from app.tables.groups import GroupFeature
from app.tables.operations import OperationResult

Row = TypeVar("Row", bound=SQLModel)


async def by_id(session: AsyncSession, table: type[Row], ids: Sequence[int]) -> dict[int, Row]:
    key: Any = table.__table__.c.id  # type: ignore[attr-defined]
    return {row.id: row for row in (await session.exec(select(table).where(key.in_(ids)))).all()}  # type: ignore[attr-defined]


async def revisions(
    session: AsyncSession, keys: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], DeploymentRevision]:
    """By deployment and generation."""
    statement = select(DeploymentRevision).where(
        tuple_(col(DeploymentRevision.deployment_id), col(DeploymentRevision.generation)).in_(keys)
    )
    return {(row.deployment_id, row.generation): row for row in (await session.exec(statement)).all()}


async def archives(session: AsyncSession, digests: Sequence[str]) -> dict[str, ChartArchive]:
    """What charts hold, by digest, without their bytes."""
    statement = (
        select(ChartArchive).where(col(ChartArchive.digest).in_(digests)).options(defer(ChartArchive.content))  # type: ignore[arg-type]
    )
    return {row.digest: row for row in (await session.exec(statement)).all()}


async def members(session: AsyncSession, group_ids: Sequence[int]) -> Sequence[Cluster]:
    statement = select(Cluster).where(col(Cluster.group_id).in_(group_ids)).order_by(col(Cluster.name))
    return (await session.exec(statement)).all()


async def features(session: AsyncSession, group_ids: Sequence[int]) -> Sequence[GroupFeature]:
    statement = select(GroupFeature).where(col(GroupFeature.group_id).in_(group_ids)).order_by(col(GroupFeature.name))
    return (await session.exec(statement)).all()


async def results(session: AsyncSession, operation_ids: Sequence[int]) -> Sequence[OperationResult]:
    statement = (
        select(OperationResult)
        .where(col(OperationResult.operation_id).in_(operation_ids))
        .order_by(col(OperationResult.cluster_name))
        .options(defer(OperationResult.output, raiseload=True))  # type: ignore[arg-type]
    )
    return (await session.exec(statement)).all()


async def outputs(session: AsyncSession, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], str | None]:
    """What Helm said, by operation and the cluster's name. It can be long, so that only who asks for it gets it."""
    columns = col(OperationResult.operation_id), col(OperationResult.cluster_name)
    statement = select(*columns, OperationResult.output).where(tuple_(*columns).in_(keys))
    return {(row[0], row[1]): row[2] for row in (await session.exec(statement)).all()}
