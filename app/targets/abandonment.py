"""Releases that Polyhelm owned and that a forced removal or deletion left behind. They are recorded under the UID of
their cluster. Polyhelm owns them again when a deployment with the same namespace, release name and chart targets that
cluster, even if the cluster is registered under another name."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import and_, delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.releases.manifest import ManifestObject
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.targets import Abandoned, Release, Target
from app.targets.joins import RELEASE_OF_TARGET

_OF_CLUSTER = and_(col(Abandoned.organization_id) == Cluster.organization_id, col(Abandoned.cluster_uid) == Cluster.uid)
_KEY = ("organization_id", "cluster_uid", "namespace", "name")


@dataclass(frozen=True)
class AbandonedRelease:
    """A release that may still be on a cluster and is no longer managed by a deployment, with its objects if its
    manifest could be read."""

    cluster_name: str
    namespace: str
    release_name: str
    reason: str
    objects: tuple[ManifestObject, ...] = ()


async def remember(session: AsyncSession, target_ids: Iterable[int]) -> None:
    """Records the releases of targets that are about to be removed, if Helm has run for them."""
    statement = (
        select(Deployment, Cluster.uid, func.coalesce(Release.revision, 0))
        .join(Target, col(Target.deployment_id) == Deployment.id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .join(Release, RELEASE_OF_TARGET, isouter=True)
        .where(col(Target.id).in_(list(target_ids)), col(Target.claimed))
    )
    rows = [
        {
            "organization_id": deployment.organization_id,
            "cluster_uid": uid,
            "namespace": deployment.namespace,
            "name": deployment.release_name,
            "chart_name": deployment.chart_name,
            "revision": revision,
            "abandoned_at": now(),
        }
        for deployment, uid, revision in (await session.exec(statement)).all()
    ]
    if rows:
        added = insert(Abandoned)
        values = {name: added.excluded[name] for name in ("chart_name", "revision", "abandoned_at")}
        await session.execute(added.on_conflict_do_update(index_elements=_KEY, set_=values), rows)


async def remembered(
    session: AsyncSession, clusters: Iterable[Cluster], namespace: str, release_name: str, chart_name: str
) -> dict[int, int]:
    """The newest known revision of such a release, by the ID of each cluster on which it was left behind. If a release
    has an older revision, someone else has installed it since."""
    statement = (
        select(Cluster.id, Abandoned.revision)
        .join(Abandoned, _OF_CLUSTER)
        .where(col(Cluster.id).in_([cluster.id for cluster in clusters]))
        .where(col(Abandoned.namespace) == namespace, col(Abandoned.name) == release_name)
        .where(col(Abandoned.chart_name) == chart_name)
    )
    return dict((await session.exec(statement)).all())


async def take_back(session: AsyncSession, deployment: Deployment) -> None:
    """Makes the deployment's new targets own the releases that were left behind on their clusters."""
    found = (
        select(col(Target.id), col(Abandoned.cluster_uid), col(Release.revision), col(Abandoned.revision))
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .join(Release, RELEASE_OF_TARGET, isouter=True)
        .join(Abandoned, _OF_CLUSTER)
        .where(col(Target.deployment_id) == deployment.id, col(Target.claimed).is_(False))
        .where(col(Abandoned.namespace) == Deployment.namespace, col(Abandoned.name) == Deployment.release_name)
        .where(col(Abandoned.chart_name) == Deployment.chart_name)
    )
    rows = (await session.execute(found)).all()
    if not rows:
        return
    ours = [target_id for target_id, _, seen, known in rows if seen is None or seen >= known]
    await session.execute(update(Target).where(col(Target.id).in_(ours)).values(claimed=True))
    await session.execute(
        delete(Abandoned).where(
            col(Abandoned.organization_id) == deployment.organization_id,
            col(Abandoned.cluster_uid).in_([uid for _, uid, _, _ in rows]),
            col(Abandoned.namespace) == deployment.namespace,
            col(Abandoned.name) == deployment.release_name,
        )
    )


async def follow_uid(session: AsyncSession, organization_id: int, was: str, uid: str) -> None:
    """Moves the records of a cluster to its new UID."""
    of_it = col(Abandoned.organization_id) == organization_id, col(Abandoned.cluster_uid) == was
    await session.execute(update(Abandoned).where(*of_it).values(cluster_uid=uid))
