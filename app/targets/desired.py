"""From a deployment's revision and a cluster to the release that should be there."""

from app.deployments.tables import Deployment, DeploymentRevision
from app.releases.release import Desired
from app.releases.values import merge


def desired_release(deployment: Deployment, revision: DeploymentRevision, cluster_name: str) -> Desired:
    override = revision.value_overrides.get(cluster_name, {})
    return Desired(deployment.chart_name, revision.chart_version, merge(revision.values, override))
