"""Removes old runs with their steps, logs and signals."""

from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col, select

from app.core.services import Services
from app.tables.columns import now
from app.tables.runs import WorkflowRun

_BATCH = 20
"""A run has up to 10,000 steps and lines, which are removed in the same transaction."""
_BATCHES = 100  # per call; the next call continues


async def remove_old_runs(services: Services) -> int:
    """Removes runs that ended before the given age, the oldest first, and returns their number."""
    before = now() - timedelta(seconds=services.settings.run_retention)
    oldest = (
        select(WorkflowRun.id)
        .where(col(WorkflowRun.ended_at) < before)
        .order_by(col(WorkflowRun.ended_at))
        .limit(_BATCH)
        .with_for_update(key_share=True, skip_locked=True)
    )
    count = 0
    for _ in range(_BATCHES):
        async with services.transaction() as transaction:
            statement = delete(WorkflowRun).where(col(WorkflowRun.id).in_(oldest)).returning(col(WorkflowRun.id))
            removed = len((await transaction.session.execute(statement)).all())
        count += removed
        if removed < _BATCH:
            break
    return count
