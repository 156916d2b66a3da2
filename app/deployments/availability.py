"""Checks that a release name is free on clusters: in the database, and among all releases on the clusters."""

import asyncio
from collections.abc import Iterable

from sqlmodel import col, select

from app.clusters.changes import Head
from app.clusters.members import AT_ONCE
from app.clusters.release_records import is_in_config_maps, list_revisions
from app.core.concurrency import for_each
from app.core.errors import ActionError, ClusterUnreachable, Conflict, TemporaryError
from app.deployments.services import DeploymentServices
from app.releases.error_codes import ActionCode
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.targets import Target
from app.targets.abandonment import remembered


async def check_free(
    services: DeploymentServices,
    clusters: Iterable[Cluster],
    namespace: str,
    release_name: str,
    chart_name: str,
    *,
    deployment_id: int | None,
) -> None:
    """Raises unless the name is free on all of these clusters. A release that Polyhelm left behind there may be reused.

    Raises:
        Conflict: if the name is taken; names the clusters.
        ClusterUnreachable: if clusters cannot be reached, because the name may be taken there; names them.
    """
    asked = {cluster.id: cluster for cluster in clusters}
    statement = (
        select(Target.cluster_id)
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .where(col(Target.cluster_id).in_(list(asked)))
        .where(col(Deployment.namespace) == namespace, col(Deployment.release_name) == release_name)
        .where(col(Deployment.id) != (deployment_id or 0))
    )
    ours = [asked[row[0]].name for row in await services.database.rows(statement)]
    if ours:
        raise _taken(release_name, namespace, ours, "another deployment")
    (heads, unreachable), elsewhere = await asyncio.gather(
        heads_on(services, asked.values(), namespace, release_name),
        _kept_in_config_maps(services, asked.values(), namespace, release_name),
    )
    if unreachable:
        names = ", ".join(sorted(unreachable))
        raise ClusterUnreachable(
            ActionCode.CLUSTER_UNREACHABLE,
            f"Polyhelm cannot check whether the release name is free on {names}: {next(iter(unreachable.values()))}"
            " Bring the cluster back, or leave it out of `targets`.",
            ("targets",),
            sorted(unreachable),
        )
    if elsewhere:
        by = "a release that Helm keeps in ConfigMaps (HELM_DRIVER=configmap)"
        raise _taken(release_name, namespace, elsewhere, by)
    if heads:
        async with services.database.reading() as session:
            known = await remembered(session, asked.values(), namespace, release_name, chart_name)
        ours = [
            asked[cluster_id].name
            for cluster_id, newest in known.items()
            if asked[cluster_id].name in heads and heads[asked[cluster_id].name].revision >= newest
        ]
        if theirs := heads.keys() - set(ours):
            raise _taken(release_name, namespace, sorted(theirs), "a release that Polyhelm does not manage")


async def heads_on(
    services: DeploymentServices, clusters: Iterable[Cluster], namespace: str, release_name: str
) -> tuple[dict[str, Head], dict[str, str]]:
    """Reads one release from all these clusters concurrently: its newest revisions, and the errors of clusters that
    cannot be reached, each by the cluster's name."""
    found: dict[str, Head] = {}
    unreachable: dict[str, str] = {}

    async def ask(cluster: Cluster) -> None:
        try:
            listing = await list_revisions(services.members.of(cluster), namespace=namespace, name=release_name)
        except TemporaryError as error:
            unreachable[cluster.name] = error.message
        else:
            found.update((cluster.name, head) for head in listing.newest())

    await for_each(clusters, ask, at_once=AT_ONCE)
    return found, unreachable


async def _kept_in_config_maps(
    services: DeploymentServices, clusters: Iterable[Cluster], namespace: str, release_name: str
) -> list[str]:
    """The names of the clusters that have a release of this name in ConfigMaps. Polyhelm's Helm uses Secrets, so it
    would install a second release over the same objects. Leaves out clusters that cannot be reached, or on which
    ConfigMaps may not be read."""

    async def has_it(cluster: Cluster) -> bool:
        try:
            return await is_in_config_maps(services.members.of(cluster), namespace, release_name)
        except ActionError:
            return False

    asked = list(clusters)
    answers = await for_each(asked, has_it, at_once=AT_ONCE)
    return [cluster.name for cluster, answer in zip(asked, answers, strict=True) if answer]


def _taken(release_name: str, namespace: str, clusters: list[str], by: str) -> Conflict:
    where = ", ".join(sorted(clusters))
    return Conflict(
        ActionCode.RELEASE_NAME_TAKEN,
        f"{release_name!r} in namespace {namespace!r} is used by {by} on {where}. Choose another releaseName.",
        ("releaseName",),
    )
