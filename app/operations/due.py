"""Finds due work: targets with an open result whose retry time has come, that wait for nothing and that no worker
holds."""

from collections.abc import Collection

from sqlalchemy import ARRAY, BigInteger, Integer, all_, and_, any_, bindparam, func, select
from sqlmodel import col, or_

from app.core.services import Services
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationResult
from app.tables.targets import Target
from app.targets import leases
from app.targets.joins import OPEN_RESULT
from app.targets.waits import WAITS

RETRY_IS_DUE = or_(col(Target.retry_at).is_(None), col(Target.retry_at) <= bindparam("moment"))
NEEDS_NOTHING = or_(~WAITS, col(Operation.cancelled_at).is_not(None))
"""The target waits for nothing, or its operation is to end."""
_IS_DUE = and_(RETRY_IS_DUE, NEEDS_NOTHING, leases.UNHELD)
_DUE = (
    select(col(Target.id))
    .join(OperationResult, OPEN_RESULT)
    .join(Operation, col(Operation.id) == OperationResult.operation_id)
    .where(col(Operation.organization_id) == bindparam("organization"), _IS_DUE)
    .where(col(Target.id) != all_(bindparam("without", type_=ARRAY(BigInteger))))
    .where(col(Target.cluster_id).not_in(leases.BUSY_CLUSTERS))
    .order_by(col(OperationResult.operation_id), col(Target.id))
    .limit(bindparam("limit", type_=Integer))
)
_DUE_COUNTS = (
    select(col(Operation.organization_id), func.count())
    .select_from(Target)
    .join(OperationResult, OPEN_RESULT)
    .join(Operation, col(Operation.id) == OperationResult.operation_id)
    .where(_IS_DUE)
    .group_by(col(Operation.organization_id))
)
_ORGANIZATIONS = (
    select(col(Deployment.organization_id))
    .join(Target, col(Target.deployment_id) == Deployment.id)
    .where(col(Target.id) == any_(bindparam("targets", type_=ARRAY(BigInteger))))
    .distinct()
)


async def due_targets(
    services: Services, organization_id: int, *, without: Collection[int] = (), limit: int
) -> list[int]:
    """The due targets of an organization on clusters that have a free slot, those of the oldest operation first."""
    given = {
        "moment": now(),
        "organization": organization_id,
        "without": list(without),
        "most": services.settings.cluster_concurrency,
        "limit": limit,
    }
    return [target_id for (target_id,) in await services.database.rows(_DUE, **given)]


async def due_counts(services: Services) -> dict[int, int]:
    """The number of due targets, by the id of their organization."""
    rows: list[tuple[int, int]] = await services.database.rows(_DUE_COUNTS, moment=now())
    return dict(rows)


async def organizations_of(services: Services, target_ids: Collection[int]) -> list[int]:
    """The ids of the organizations that have these targets."""
    rows = await services.database.rows(_ORGANIZATIONS, targets=list(target_ids))
    return [organization_id for (organization_id,) in rows]
