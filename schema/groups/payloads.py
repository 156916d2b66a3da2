"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.errors import (
    Conflict,
    Forbidden,
    NotFound,
    RemovalUnconfirmed,
    ValidationFailed,
)
from schema.groups.types import ClusterGroup
from schema.operations.types import Operation
from schema.previews.removal import Removal
from schema.targets.abandoned import AbandonedRelease


@strawberry.type
class ClusterGroupPayload:
    cluster_group: ClusterGroup
    operations: list[Operation] = strawberry.field(
        default_factory=list, description="The operations that uninstall the group's releases from removed members."
    )
    removal: Removal | None = strawberry.field(
        default=None, description="The members that the update removed, or would remove in a dry run."
    )
    warnings: list[str] = strawberry.field(
        default_factory=list,
        description="Warnings about members where the permissions of the service account could not be checked.",
    )


@strawberry.type
class DeleteClusterGroupPayload:
    id: strawberry.ID
    abandoned: list[AbandonedRelease] = strawberry.field(description="The releases that were left on the clusters.")


CreateClusterGroupResult = Annotated[
    ClusterGroupPayload | ValidationFailed | NotFound | Conflict | Forbidden,
    strawberry.union("CreateClusterGroupResult"),
]

UpdateClusterGroupResult = Annotated[
    ClusterGroupPayload | ValidationFailed | NotFound | Conflict | Forbidden | RemovalUnconfirmed,
    strawberry.union("UpdateClusterGroupResult"),
]

DeleteClusterGroupResult = Annotated[
    DeleteClusterGroupPayload | NotFound | Conflict | Forbidden, strawberry.union("DeleteClusterGroupResult")
]

SetGroupFeatureResult = Annotated[
    ClusterGroupPayload | ValidationFailed | NotFound | Conflict | Forbidden,
    strawberry.union("SetGroupFeatureResult"),
]
