"""The endpoints of the targets of a deployment, from what was seen of their Services and Ingresses."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.releases.endpoints import EndpointKind, EndpointReference, Endpoints
from app.releases.inventory import ResourceOrigin
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.resources import LiveResource
from app.tables.targets import Target

KINDS = {("", "Service"): EndpointKind.SERVICE, ("networking.k8s.io", "Ingress"): EndpointKind.INGRESS}


async def endpoints_of(session: AsyncSession, deployment: Deployment, clusters: Collection[str]) -> Endpoints:
    """The values of all endpoints on these clusters. Only objects of the release in its own namespace have any."""
    if not clusters or deployment.id is None:
        return {}
    row = LiveResource
    statement = (
        select(
            *(col(Cluster.name), col(row.api_group), col(row.kind), col(row.name)),
            *(col(row.addresses), col(row.hosts), col(row.node_ports)),
        )
        .join(Target, col(Target.id) == row.target_id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(Target.deployment_id) == deployment.id, col(Target.wanted), col(Cluster.name).in_(list(clusters)))
        .where(col(row.origin) == ResourceOrigin.MANIFEST, col(row.namespace) == deployment.namespace)
        .where(tuple_(col(row.api_group), col(row.kind)).in_(list(KINDS)))
    )
    found: dict[EndpointReference, Any] = {}
    for cluster, group, kind, name, addresses, hosts, node_ports in await session.execute(statement):
        fields = {"addresses": addresses, "hosts": hosts, "nodePorts": node_ports}
        for field, value in fields.items():
            if value:
                found[EndpointReference(cluster, KINDS[group, kind], name, field)] = value
    return found
