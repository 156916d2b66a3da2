"""What selectors and expressions know of the members of a group."""

from app.releases.selectors import Facts
from app.tables.clusters import Cluster


def facts_of(cluster: Cluster, group_name: str) -> Facts:
    """What selectors and expressions know of a cluster."""
    return Facts(
        name=cluster.name,
        cloud=cluster.cloud,
        distribution=cluster.distribution,
        region=cluster.region,
        labels=cluster.labels,
        kubernetes_version=cluster.kubernetes_version,
        group=group_name,
    )
