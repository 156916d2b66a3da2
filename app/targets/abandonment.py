"""Releases of ours that a forced removal or deletion left behind. They are remembered by the uid of their cluster, and
are ours again when a deployment of the same name, namespace and chart comes to that cluster, under whatever name it is
registered then."""

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
    """A release that may still be on a cluster, and that nobody manages any more; with its objects, where its manifest
    could be read."""

    cluster_name: str
    namespace: str
    release_name: str
    reason: str
    objects: tuple[ManifestObject, ...] = ()


async def remember(session: AsyncSession, target_ids: Iterable[int]) -> None:
    """Remembers the releases of targets that are about to be removed, where Helm has been run for them."""
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
    """The clusters, by id, on which such a release was left behind, each with the newest revision that was known: one
    with an older revision was installed by somebody else since."""
    statement = (
        select(Cluster.id, Abandoned.revision)
        .join(Abandoned, _OF_CLUSTER)
        .where(col(Cluster.id).in_([cluster.id for cluster in clusters]))
        .where(col(Abandoned.namespace) == namespace, col(Abandoned.name) == release_name)
        .where(col(Abandoned.chart_name) == chart_name)
    )
    return dict((await session.exec(statement)).all())


async def take_back(session: AsyncSession, deployment: Deployment) -> None:
    """Has the deployment's new targets own the releases that were left behind where they are."""
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
    """The cluster is known by another uid now."""
    of_it = col(Abandoned.organization_id) == organization_id, col(Abandoned.cluster_uid) == was
    await session.execute(update(Abandoned).where(*of_it).values(cluster_uid=uid))
