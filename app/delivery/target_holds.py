"""Holds of generations on single targets, which have failed to get them (`app.operations.remedies`)."""

from collections.abc import Awaitable, Callable, Collection

from sqlalchemy import delete, select, update
from sqlmodel import col

from app.core.transaction import Transaction
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.targets import Target, TargetHold


async def drop_holds(transaction: Transaction, target_ids: Collection[int]) -> None:
    """Ends the holds of targets that get another generation, or the same one again at a user's request."""
    await transaction.session.execute(
        delete(TargetHold)
        .where(col(TargetHold.target_id).in_(list(target_ids)))
        .execution_options(synchronize_session=False)
    )


async def drop_unwanted_holds(transaction: Transaction, deployment_id: int) -> None:
    """Ends the holds of targets that are to be removed."""
    unwanted = select(col(Target.id)).where(col(Target.deployment_id) == deployment_id, col(Target.wanted).is_(False))
    await transaction.session.execute(
        delete(TargetHold).where(col(TargetHold.target_id).in_(unwanted)).execution_options(synchronize_session=False)
    )


async def keep_holds(
    transaction: Transaction, deployment: Deployment, keeps_releases: Callable[[], Awaitable[bool]]
) -> dict[int, str]:
    """If the present generation has the same releases as the one before, moves the holds of that one to it. Returns
    the targets with these holds, as the name of the cluster by the target's id.

    The caller has locked the deployment and its targets."""
    before = col(TargetHold.generation) == deployment.generation - 1
    rows = await transaction.session.execute(
        select(col(Target.id), col(Cluster.name))
        .join(TargetHold, col(TargetHold.target_id) == Target.id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(Target.deployment_id) == deployment.id, before)
    )
    found: dict[int, str] = dict(rows.all())
    if not found or not await keeps_releases():
        return {}
    await transaction.session.execute(
        update(TargetHold)
        .where(col(TargetHold.target_id).in_(list(found)))
        .values(generation=deployment.generation)
        .execution_options(synchronize_session=False)
    )
    return found
