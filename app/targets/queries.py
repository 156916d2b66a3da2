"""Targets and releases as they are in the database; no member is asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.tables import Cluster
from app.deployments.tables import Deployment
from app.releases.status import TargetStatus
from app.targets.judging import RELEASE_OF_TARGET
from app.targets.tables import Release, Target


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """A target with its cluster and what was last observed there."""

    target: Target
    cluster: Cluster
    release: Release | None

    @property
    def observed_at(self) -> datetime | None:
        """When the status was last confirmed: by a look at this release alone, or at all of the cluster's."""
        times = [moment for moment in (self.target.observed_at, self.cluster.confirmed_at) if moment]
        return max(times, default=None)


def _facts() -> Any:
    return (
        select(Target, Cluster, Release)
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .join(Release, RELEASE_OF_TARGET, isouter=True)
    )


async def targets_of(session: AsyncSession, deployment_ids: Iterable[int]) -> list[TargetFacts]:
    """All targets of these deployments, in the order of the clusters' names."""
    statement = _facts().where(col(Target.deployment_id).in_(list(deployment_ids))).order_by(col(Cluster.name))
    return [TargetFacts(*row) for row in (await session.execute(statement)).all()]


async def target_by_id(session: AsyncSession, target_id: int) -> TargetFacts | None:
    row = (await session.execute(_facts().where(col(Target.id) == target_id))).first()
    return TargetFacts(*row) if row else None


async def status_counts(session: AsyncSession, deployment_ids: Iterable[int]) -> list[tuple[int, TargetStatus, int]]:
    """How many targets of each deployment have each status."""
    statement = (
        select(col(Target.deployment_id), col(Target.status), func.count())
        .where(col(Target.deployment_id).in_(list(deployment_ids)))
        .group_by(col(Target.deployment_id), col(Target.status))
    )
    return [(row[0], row[1], row[2]) for row in (await session.execute(statement)).all()]


async def releases_on(session: AsyncSession, cluster_ids: Iterable[int]) -> list[tuple[Release, int | None]]:
    """All releases on these clusters, each with the id of the deployment that manages it, if one does."""
    managed = and_(col(Target.cluster_id) == Release.cluster_id, col(Target.claimed))
    statement = (
        select(Release, col(Deployment.id))
        .join(
            Deployment,
            and_(
                col(Deployment.namespace) == Release.namespace,
                col(Deployment.release_name) == Release.name,
                select(col(Target.id)).where(managed, col(Target.deployment_id) == Deployment.id).exists(),
            ),
            isouter=True,
        )
        .where(col(Release.cluster_id).in_(list(cluster_ids)))
        .order_by(col(Release.namespace), col(Release.name))
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]
