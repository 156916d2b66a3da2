"""The generations with which targets were known to work: a rollback returns to them."""

from collections.abc import Collection

from sqlalchemy import select, text
from sqlmodel import col

from app.core.transaction import Transaction
from app.health.health import Health
from app.tables.rollouts import VerifiedGeneration
from app.tables.targets import Target

_REPLACE = """
    ON CONFLICT (target_id) DO UPDATE SET generation = excluded.generation, inputs = excluded.inputs,
        results = excluded.results, endpoints = excluded.endpoints, desired_digest = excluded.desired_digest,
        at = excluded.at
"""
_READY = text(f"""
    INSERT INTO verified_generation (target_id, generation, inputs, results, endpoints, desired_digest, at)
    SELECT r.target_id, r.generation, r.inputs, r.results, r.endpoints, r.desired_digest, now()
    FROM rollout_target r
    WHERE r.rollout_id = :rollout AND r.state = 'READY' AND r.target_id IS NOT NULL
    ORDER BY r.target_id
    {_REPLACE}
""")  # noqa: S608 - constants
# A generation that had a rollout is verified only by its success: targets may look healthy although a check failed.
_FOUND = text(f"""
    INSERT INTO verified_generation (target_id, generation, inputs, results, endpoints, desired_digest, at)
    SELECT t.id, t.allowed_generation, t.inputs, t.results, t.endpoints, t.desired_digest, now()
    FROM target t
    WHERE t.id = ANY(:targets) AND t.generation = t.allowed_generation AND t.status = 'DEPLOYED' AND t.error IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM rollout r WHERE r.deployment_id = t.deployment_id AND r.generation = t.allowed_generation
        )
    ORDER BY t.id
    {_REPLACE}
""")  # noqa: S608 - constants


async def verify_ready(transaction: Transaction, rollout_id: int) -> None:
    """The targets that are ready in this rollout, which has succeeded, work with their generation."""
    await transaction.session.execute(_READY, {"rollout": rollout_id})


async def verify_found(transaction: Transaction, target_ids: Collection[int]) -> None:
    """These targets are healthy before they move: they work with the generation that they leave, unless it had a
    rollout of its own."""
    await transaction.session.execute(_FOUND, {"targets": list(target_ids)})


async def verify_healthy(transaction: Transaction, deployment_id: int) -> None:
    """The targets of a deployment that are healthy before all of them get another generation at once work with the one
    that they leave."""
    healthy = select(col(Target.id)).where(
        col(Target.deployment_id) == deployment_id, col(Target.health) == Health.HEALTHY
    )
    await verify_found(transaction, list((await transaction.session.execute(healthy)).scalars()))


async def verified(transaction: Transaction, target_ids: Collection[int]) -> dict[int, VerifiedGeneration]:
    """The last verified generation of each target that has one."""
    statement = select(VerifiedGeneration).where(col(VerifiedGeneration.target_id).in_(list(target_ids)))
    return {row.target_id: row for row in (await transaction.session.execute(statement)).scalars()}
