"""A target as a place to read live objects from, with the permissions that reading needs.

Requests are sent as the service account of the target's group, if it has one. A chart decides which names its release
has, so the cluster's own credentials would show objects that the group may not read.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.member import Member, Purpose
from app.core.errors import ActionError, ClusterUnreachable, Forbidden, NotFound, PermanentError, RateLimited
from app.core.limiter import PoolBusyError
from app.groups.queries import account_of
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.registers.common import CommonCode
from app.resources.codes import ResourceCode
from app.resources.services import ResourceServices
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.targets.queries import TargetFacts, targets_by_id

SECONDS = 20.0
"""The time limit for everything that one query reads from a member."""


@dataclass(frozen=True)
class Place:
    """`member` uses connections that requests about releases do not use."""

    facts: TargetFacts
    deployment: Deployment
    member: Member


async def place_of(services: ResourceServices, viewer: Viewer, target_id: int, permission: Permission) -> Place:
    """Finds a target.

    Raises:
        NotFound: if there is none that the viewer can see.
        Forbidden: if the viewer does not have the permission.
    """
    async with services.database.reading() as session:
        facts = (await targets_by_id(session, [target_id])).get(target_id)
        if facts is None or not viewer.sees(facts.organization_id):
            raise NotFound(ResourceCode.TARGET_NOT_FOUND, "There is no such target.", ("target",))
        viewer.require(facts.organization_id, permission, group_id=facts.group_id)
        cluster = await session.get(Cluster, facts.cluster_id)
        assert cluster is not None
        return await _place(services, session, facts, cluster)


async def places_of(services: ResourceServices, target_ids: Iterable[int]) -> dict[int, Place]:
    """The targets that exist, for work that Polyhelm does by itself."""
    async with services.database.reading() as session:
        found = await targets_by_id(session, target_ids)
        ids = [facts.cluster_id for facts in found.values()]
        rows = (await session.exec(select(Cluster).where(col(Cluster.id).in_(ids)))).all()
        clusters = {cluster.id: cluster for cluster in rows}
        return {id_: await _place(services, session, facts, clusters[facts.cluster_id]) for id_, facts in found.items()}


async def _place(services: ResourceServices, session: AsyncSession, facts: TargetFacts, cluster: Cluster) -> Place:
    """The session keeps the deployment and the group, which many targets share."""
    deployment = await session.get(Deployment, facts.deployment_id)
    assert deployment is not None
    account = await account_of(session, facts.group_id)
    return Place(facts, deployment, services.members.of(cluster).used_for(Purpose.RESOURCES).acting_as(account))


@asynccontextmanager
async def reading_from(services: ResourceServices, place: Place) -> AsyncIterator[Member]:
    """Gives the member of a target, as `reading`."""
    async with reading(services, place.facts.organization_id, place.facts.cluster_name, place.member) as member:
        yield member


@asynccontextmanager
async def reading(
    services: ResourceServices, organization_id: int, cluster: str, member: Member
) -> AsyncIterator[Member]:
    """Gives the member for a bounded time, as one of the reads that the organizations share.

    Raises:
        ClusterUnreachable: if the member cannot be read in time.
        Forbidden: if the service account of the group may not read this.
        RateLimited: if too many reads are waiting.
    """
    try:
        async with services.live_reads.slot(organization_id), asyncio.timeout(SECONDS):
            yield member
    except PoolBusyError:
        raise RateLimited(CommonCode.BUSY, "Too many live objects are being read at once. Try again.") from None
    except TimeoutError:
        message = f"{cluster} did not answer within {SECONDS:g} s. Try again."
        raise ClusterUnreachable(ResourceCode.CLUSTER_SILENT, message, clusters=[cluster]) from None
    except PermanentError as error:
        raise Forbidden(error.code, f"{cluster}: {error.message}") from None
    except ActionError as error:
        raise ClusterUnreachable(error.code, f"{cluster}: {error.message}", clusters=[cluster]) from None
