"""How many targets of deployments and of groups have each status, each health and each state of their live objects."""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.drift.states import DriftState
from app.health.health import Health
from app.releases.status import TargetStatus
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.targets import Target
from app.targets.queries import SHOWN_DRIFT

Measure = tuple[Any, type[StrEnum]]
"""What targets are counted by: an expression about targets, deployments and clusters, and the enum of its values."""

BY_STATUS: Measure = (cast(col(Target.status), Text), TargetStatus)
BY_HEALTH: Measure = (cast(col(Target.health), Text), Health)
BY_DRIFT: Measure = (SHOWN_DRIFT, DriftState)

OF_DEPLOYMENTS = col(Target.deployment_id)
OF_GROUPS = col(Deployment.group_id)

Counts = Callable[[AsyncSession, Sequence[int]], Awaitable[dict[int, dict[Any, int]]]]


def counting(owner: Any, by: Measure) -> Counts:
    """A query for the counts of many deployments or groups. It returns those above zero, in the order of the enum."""
    expression, values = by
    statement = (
        select(owner, expression, func.count())
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(owner.in_(bindparam("ids", expanding=True)))
        .group_by(owner, expression)
    )

    async def counts(session: AsyncSession, ids: Sequence[int]) -> dict[int, dict[Any, int]]:
        rows = await session.execute(statement, {"ids": list(ids)})
        known = {(row[0], row[1]): row[2] for row in rows.all()}
        return {id_: {value: known[id_, value] for value in values if (id_, value) in known} for id_ in ids}

    return counts
