"""From a deployment's revision and a cluster to the release that should be there."""

from app.deployments.tables import Deployment, DeploymentRevision
from app.releases.references import Marks
from app.releases.release import Desired, desired


def desired_release(deployment: Deployment, revision: DeploymentRevision, cluster_name: str, marks: Marks) -> Desired:
    """`marks` are those of the secrets that the deployment uses."""
    return desired(deployment.chart_name, revision.chart_version, revision.layers(cluster_name), marks)
