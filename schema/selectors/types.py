"""Selectors of clusters, as they are shown."""

from typing import Any

import strawberry

from app.releases.selectors import Selector
from schema.scalars import JSON


@strawberry.type(
    description="Selects the clusters that meet every condition. A condition with several values is met by any of them."
)
class ClusterSelector:
    labels: JSON = strawberry.field(description="For each label, its value or a list of the values that it may have.")
    cloud: list[str]
    region: list[str]
    distribution: list[str]
    kubernetes_version: str | None = strawberry.field(description="A constraint such as `>=1.28 <1.31`.")
    text: str = strawberry.field(description="The conditions as one line of text.")

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "ClusterSelector":
        found = Selector.of_json(stored)
        return cls(
            labels=stored.get("labels", {}),
            cloud=list(found.cloud),
            region=list(found.region),
            distribution=list(found.distribution),
            kubernetes_version=found.kubernetes_version,
            text=str(found),
        )
