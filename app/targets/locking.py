"""Locks targets in the order of their IDs, as everywhere, so that no two transactions wait for each other."""

from sqlalchemy import ColumnElement, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.tables.targets import Target


async def lock_targets(session: AsyncSession, *conditions: ColumnElement[bool]) -> None:
    """Locks the targets that meet these conditions until the end of the transaction. An update of several targets alone
    would lock them in any order."""
    statement = select(col(Target.id)).where(*conditions).order_by(col(Target.id))
    await session.execute(statement.with_for_update(key_share=True))
