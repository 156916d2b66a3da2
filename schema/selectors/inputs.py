"""Selectors of clusters as inputs."""

from typing import Any

import strawberry

from schema.scalars import JSON


@strawberry.input(
    description=(
        "Selects the clusters that meet every given condition. A condition with several values is met by any of them."
        " `{}` selects every member of the group."
    )
)
class ClusterSelectorInput:
    labels: JSON | None = strawberry.field(
        default=None, description="For each label, its value or a list of the values that it may have."
    )
    cloud: list[str] | None = None
    region: list[str] | None = None
    distribution: list[str] | None = None
    kubernetes_version: str | None = strawberry.field(
        default=None, description="A constraint such as `>=1.28 <1.31`, `~1.29` or `1.29.x || 1.31.x`."
    )


def stored_selector(given: ClusterSelectorInput) -> dict[str, Any]:
    """The conditions that are given, as a revision stores them."""
    version = given.kubernetes_version
    found = {"labels": given.labels, "cloud": given.cloud, "region": given.region, "distribution": given.distribution}
    return {name: value for name, value in found.items() if value} | ({"kubernetesVersion": version} if version else {})
