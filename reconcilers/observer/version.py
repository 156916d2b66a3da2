"""Follows the Kubernetes version of a member: selectors and expressions may depend on it."""

from contextlib import suppress

from sqlalchemy import update
from sqlmodel import col

from app.clusters.codes import ClusterEvent
from app.clusters.member import Member
from app.core.errors import ActionError
from app.core.repeating import repeatedly
from app.deployments.inputs import renew_inputs
from app.fleet.services import AllServices
from app.tables.clusters import Cluster

EVERY = 600.0
"""Seconds between two questions. A member is also asked after it was listed, as when its API server was replaced."""


class VersionFollower:
    """`cluster` is the row as it was read when the watch of the member began."""

    def __init__(self, services: AllServices, member: Member, cluster: Cluster) -> None:
        self._services = services
        self._member = member
        self._cluster = cluster
        self._known = cluster.kubernetes_version

    async def run(self) -> None:
        """Asks until it is cancelled."""
        await repeatedly("version", self._look, EVERY)

    async def _look(self) -> None:
        with suppress(ActionError):  # the watch reports what is wrong with the member
            found = await self._member.version()
            if found != self._known:
                await self._write(found)
                self._known = found

    async def _write(self, found: str) -> None:
        """Writes a new version, and makes targets STALE whose values depend on it."""
        cluster = self._cluster
        async with self._services.transaction() as transaction:
            written = await transaction.session.execute(
                update(Cluster)
                .where(col(Cluster.id) == cluster.id, col(Cluster.kubernetes_version) != found)
                .values(kubernetes_version=found)
                .returning(col(Cluster.name))
                .execution_options(synchronize_session=False)
            )
            if (name := written.scalar_one_or_none()) is None:
                return
            transaction.record(
                ClusterEvent.UPDATED,
                f"{name} runs Kubernetes {found} now; it ran {self._known} before.",
                organization_id=cluster.organization_id,
                subject=cluster,
                fields=["kubernetesVersion"],
                was=self._known,
            )
        await renew_inputs(self._services, cluster_ids=[cluster.id])
