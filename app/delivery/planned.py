"""Rollouts of changes that a stored plan has shown."""

from collections.abc import Mapping

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col

from app.core.transaction import Transaction
from app.tables.plans import Plan
from app.tables.rollouts import Rollout

_VERSIONS = text("""
    UPDATE rollout_target r SET planned_version = given.value
    FROM jsonb_each_text(:versions) AS given
    WHERE r.rollout_id = :rollout AND r.cluster_name = given.key
""").bindparams(bindparam("versions", type_=JSONB))


async def plan_rollout(transaction: Transaction, operation_id: int, plan: Plan, versions: Mapping[str, str]) -> None:
    """Binds the rollout of an operation, if it has one, to the plan: approvals are given for the plan's digest, and a
    target moves only if the release's record still has the version that the plan was made against."""
    statement = select(Rollout).where(col(Rollout.operation_id) == operation_id)
    row = (await transaction.session.execute(statement)).scalar_one_or_none()
    if row is None:
        return
    row.plan_id, row.plan_digest = plan.id, plan.digest
    row.version += 1
    await transaction.session.flush()
    await transaction.session.execute(_VERSIONS, {"rollout": row.id, "versions": dict(versions)})
