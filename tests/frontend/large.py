"""Large fleets, written as rows, and how fluently a page goes through one."""

from datetime import timedelta
from typing import Any

from playwright.async_api import Page
from sqlalchemy import insert
from sqlmodel import col, select

from app.fleet.services import AllServices
from app.releases.status import TargetStatus
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster, Reachability
from app.tables.columns import now
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.identity import Organization
from app.tables.targets import Target
from app.targets.codes import TargetEvent

_FRAMES = """async ([right, down]) => {
  const grid = document.querySelector('[role=grid]'), frames = [];
  let before = performance.now();
  for (let step = 0; step < 60; step++) {
    grid.scrollBy(right, down);
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - before);
    before = now;
  }
  return frames;
}"""

_DEFAULTS = {
    name: value
    for name, value in Target(deployment_id=0, cluster_id=0, generation=1, desired_digest=b"")
    if name != "id"
}


async def fill(services: AllServices, clusters_count: int, deployments_count: int) -> int:
    """Writes a large fleet as it is when all is well but every hundredth target. Gives the id of the first target."""
    async with services.transaction() as transaction:
        session = transaction.session
        organization_id = (await session.exec(select(Organization.id))).one()
        group = ClusterGroup(organization_id=organization_id, name="everywhere")
        session.add_all([group, ChartArchive(digest="0" * 64, name="web", version="1.0.0", size=0)])
        await session.flush()
        clusters = [
            Cluster(
                organization_id=organization_id,
                group_id=group.id,
                name=f"cluster-{number:04}",
                cloud=("amazon", "google", "azure")[number % 3],
                distribution="other",
                server="https://example.invalid",
                uid=str(number),
                kubernetes_version="v1.34.4",
                reachability=Reachability.REACHABLE,
                confirmed_at=now() + timedelta(hours=1),  # nobody observes them
            )
            for number in range(1, clusters_count + 1)
        ]
        session.add_all(clusters)
        deployments = [
            Deployment(
                organization_id=organization_id,
                group_id=group.id,
                release_name=f"service-{number:03}",
                namespace="default",
                chart="charts/web",
                chart_name="web",
            )
            for number in range(deployments_count)
        ]
        session.add_all(deployments)
        await session.flush()
        session.add_all(
            DeploymentRevision(deployment_id=each.id, generation=1, chart_version="1.0.0", chart_digest="0" * 64)
            for each in deployments
        )
        rows = [
            _target(deployment.id, cluster.id, number)
            for number, deployment in enumerate(deployments)
            for cluster in clusters
        ]
        await session.execute(insert(Target), rows)
        first = select(Target.id).join(Deployment, col(Deployment.id) == Target.deployment_id)
        found = first.where(col(Target.cluster_id) == clusters[0].id, col(Deployment.release_name) == "service-000")
        return (await session.exec(found)).one()


def _target(deployment_id: int, cluster_id: int, number: int) -> dict[str, Any]:
    """A row. To make a model of each would take so long that Postgres ends the idle transaction on a slow
    machine."""
    status = TargetStatus.STALE if cluster_id % 100 == number + 2 else TargetStatus.DEPLOYED
    known = {"deployment_id": deployment_id, "cluster_id": cluster_id, "status": status}
    return _DEFAULTS | known


async def fail(services: AllServices, target_id: int) -> None:
    """Writes down that a target has failed, as whoever saw it does."""
    async with services.transaction() as transaction:
        target = await transaction.session.get(Target, target_id)
        assert target is not None
        target.status = TargetStatus.FAILED
        organization_id = (await transaction.session.exec(select(Organization.id))).one()
        transaction.record(TargetEvent.STATUS, "It failed.", organization_id=organization_id, subject=target)


async def scrolled(page: Page, *, right: int = 0, down: int = 0) -> list[float]:
    """Scrolls the matrix by so many pixels in each of 60 frames; gives how many milliseconds each took."""
    frames: list[float] = await page.evaluate(_FRAMES, [right, down])
    await page.wait_for_load_state("networkidle")
    return frames
