"""Rows for many ids in one query, for the API's loaders."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

Row = TypeVar("Row", bound=SQLModel)


async def by_id(session: AsyncSession, table: type[Row], ids: Sequence[int]) -> dict[int, Row]:
    key: Any = table.__table__.c.id  # type: ignore[attr-defined]
    return {row.id: row for row in (await session.exec(select(table).where(key.in_(ids)))).all()}  # type: ignore[attr-defined]
