"""What selectors and expressions know of the members of a group."""

from app.releases.selectors import ClusterFacts
from app.tables.clusters import Cluster


def cluster_facts(cluster: Cluster, group_name: str) -> ClusterFacts:
    """What selectors and expressions know of a cluster."""
    return ClusterFacts(
        name=cluster.name,
        cloud=cluster.cloud,
        distribution=cluster.distribution,
        region=cluster.region,
        labels=cluster.labels,
        kubernetes_version=cluster.kubernetes_version,
        group=group_name,
    )
