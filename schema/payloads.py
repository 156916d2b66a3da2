"""The mutations' answers: each a union of its payload and the errors it can give."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema.abandoned import AbandonedRelease
from schema.charts import Chart, ChartRepository
from schema.clusters import Cluster
from schema.deployments import DeploymentPayload, Removal
from schema.errors import (
    ClusterUnreachable,
    Conflict,
    Forbidden,
    NotFound,
    RateLimited,
    RemovalUnconfirmed,
    ValidationFailed,
)
from schema.groups import ClusterGroup
from schema.identity import Member, User
from schema.operations import Operation
from schema.secrets import Secret


@strawberry.type
class ClusterPayload:
    cluster: Cluster


@strawberry.type
class RemoveClusterPayload:
    id: strawberry.ID
    abandoned: list[AbandonedRelease] = strawberry.field(description="The releases that were left on the cluster.")


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


@strawberry.type
class ChartRepositoryPayload:
    chart_repository: ChartRepository


@strawberry.type
class RemoveChartRepositoryPayload:
    id: strawberry.ID


@strawberry.type
class UploadChartPayload:
    chart: Chart
    version: str
    digest: str


@strawberry.type
class OperationPayload:
    operation: Operation


@strawberry.type
class SecretPayload:
    secret: Secret


@strawberry.type
class DeleteSecretPayload:
    id: strawberry.ID


@strawberry.type
class OrganizationPayload:
    name: str


@strawberry.type
class UserPayload:
    user: User
    token: str = strawberry.field(description="The API token of the user. It is shown only once.")


@strawberry.type
class RolePayload:
    member: Member | None = strawberry.field(
        description="The member after the change; null if the user no longer belongs to the organization."
    )


@strawberry.type
class RegisterPayload:
    user: User


@strawberry.type
class SignInPayload:
    user: User
    expires_at: datetime = strawberry.field(description="When the session ends, regardless of activity.")


@strawberry.type
class SignOutPayload:
    user: User = strawberry.field(description="The user who was signed in.")


@strawberry.type
class RevokeSessionPayload:
    id: strawberry.ID


@strawberry.type
class AccountPayload:
    user: User


@strawberry.type
class ApiTokenPayload:
    token: str = strawberry.field(description="The token. It is shown only once.")
    expires_at: datetime | None


@strawberry.type
class RevokeApiTokenPayload:
    name: str


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
AddChartRepositoryResult = Annotated[
    ChartRepositoryPayload | ValidationFailed | NotFound | Conflict | Forbidden,
    strawberry.union("AddChartRepositoryResult"),
]
RefreshChartRepositoryResult = Annotated[
    ChartRepositoryPayload | NotFound | Forbidden, strawberry.union("RefreshChartRepositoryResult")
]
RemoveChartRepositoryResult = Annotated[
    RemoveChartRepositoryPayload | NotFound | Forbidden, strawberry.union("RemoveChartRepositoryResult")
]
UploadChartResult = Annotated[
    UploadChartPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("UploadChartResult")
]
CreateDeploymentResult = Annotated[
    DeploymentPayload | ValidationFailed | NotFound | Conflict | Forbidden | ClusterUnreachable,
    strawberry.union("CreateDeploymentResult"),
]
UpdateDeploymentResult = Annotated[
    DeploymentPayload | ValidationFailed | NotFound | Conflict | Forbidden | ClusterUnreachable | RemovalUnconfirmed,
    strawberry.union("UpdateDeploymentResult"),
]
ReconcileDeploymentResult = Annotated[
    DeploymentPayload | ValidationFailed | NotFound | Forbidden, strawberry.union("ReconcileDeploymentResult")
]
DeleteDeploymentResult = Annotated[DeploymentPayload | NotFound | Forbidden, strawberry.union("DeleteDeploymentResult")]
CancelOperationResult = Annotated[
    OperationPayload | NotFound | Conflict | Forbidden, strawberry.union("CancelOperationResult")
]
CreateSecretResult = Annotated[
    SecretPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("CreateSecretResult")
]
UpdateSecretResult = Annotated[
    SecretPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("UpdateSecretResult")
]
DeleteSecretResult = Annotated[
    DeleteSecretPayload | NotFound | Conflict | Forbidden, strawberry.union("DeleteSecretResult")
]
CreateOrganizationResult = Annotated[
    OrganizationPayload | ValidationFailed | Conflict | Forbidden, strawberry.union("CreateOrganizationResult")
]
CreateUserResult = Annotated[
    UserPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("CreateUserResult")
]
SetRoleResult = Annotated[
    RolePayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("SetRoleResult")
]
RegisterResult = Annotated[
    RegisterPayload | ValidationFailed | Conflict | Forbidden | RateLimited, strawberry.union("RegisterResult")
]
SignInResult = Annotated[SignInPayload | Conflict | Forbidden | RateLimited, strawberry.union("SignInResult")]
SignOutResult = Annotated[SignOutPayload | Forbidden, strawberry.union("SignOutResult")]
RevokeSessionResult = Annotated[RevokeSessionPayload | NotFound | Forbidden, strawberry.union("RevokeSessionResult")]
SetPasswordResult = Annotated[
    AccountPayload | ValidationFailed | NotFound | Conflict | Forbidden | RateLimited,
    strawberry.union("SetPasswordResult"),
]
DisableUserResult = Annotated[AccountPayload | NotFound | Conflict | Forbidden, strawberry.union("DisableUserResult")]
EnableUserResult = Annotated[AccountPayload | NotFound | Forbidden, strawberry.union("EnableUserResult")]
CreateApiTokenResult = Annotated[
    ApiTokenPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("CreateApiTokenResult")
]
RevokeApiTokenResult = Annotated[RevokeApiTokenPayload | NotFound | Forbidden, strawberry.union("RevokeApiTokenResult")]
