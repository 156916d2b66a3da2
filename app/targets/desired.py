"""Derives the release that should be on a cluster from a revision of a deployment."""

from collections.abc import Collection

from app.core.fingerprints import Fingerprints
from app.releases.references import Marks
from app.releases.release import Desired, Observed, covered, desired, masked
from app.tables.deployments import Deployment, DeploymentRevision


def desired_release(deployment: Deployment, revision: DeploymentRevision, cluster_name: str, marks: Marks) -> Desired:
    """The desired release. `marks` are the marks of the secrets that the deployment uses."""
    return desired(deployment.chart_name, revision.chart_version, revision.layers(cluster_name), marks)


async def compared(
    fingerprints: Fingerprints, wanted: Desired | None, observed: Observed | None, paths: Collection[str]
) -> tuple[Desired | None, Observed | None]:
    """The desired and the observed release, with marks for the values at these paths."""
    if not paths:
        return wanted, observed
    mark = await fingerprints.mark()
    return covered(wanted, paths, mark) if wanted else None, masked(observed, paths, mark) if observed else None
