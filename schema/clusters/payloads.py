"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.clusters.types import Cluster
from schema.errors import (
    ClusterUnreachable,
    Conflict,
    Forbidden,
    NotFound,
    ValidationFailed,
)
from schema.targets.abandoned import AbandonedRelease


@strawberry.type
class ClusterPayload:
    cluster: Cluster


@strawberry.type
class RemoveClusterPayload:
    id: strawberry.ID
    abandoned: list[AbandonedRelease] = strawberry.field(description="The releases that were left on the cluster.")


RegisterClusterResult = Annotated[
    ClusterPayload | ValidationFailed | NotFound | Conflict | Forbidden | ClusterUnreachable,
    strawberry.union("RegisterClusterResult"),
]

UpdateClusterResult = Annotated[
    ClusterPayload | ValidationFailed | NotFound | Conflict | Forbidden | ClusterUnreachable,
    strawberry.union("UpdateClusterResult"),
]

ConfirmClusterResult = Annotated[
    ClusterPayload | ValidationFailed | NotFound | Conflict | Forbidden | ClusterUnreachable,
    strawberry.union("ConfirmClusterResult"),
]

RemoveClusterResult = Annotated[
    RemoveClusterPayload | NotFound | Conflict | Forbidden, strawberry.union("RemoveClusterResult")
]
