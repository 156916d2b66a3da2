"""The mutations' inputs."""

from datetime import datetime

import strawberry

from schema.enums import DriftPolicy, Role, SecretKind
from schema.scalars import JSON

_CONFIRM_REMOVAL = (
    "How many {} this update removes. It is needed, and must match exactly, where the update removes all of them, or"
    " more than 2 and more than POLYHELM_MAX_REMOVAL percent (25) of them. Without it, the error has the number."
)


@strawberry.input
class RegisterClusterInput:
    name: str
    cloud: str
    distribution: str
    kubeconfig: str
    organization: str | None = None
    region: str | None = None
    labels: JSON | None = None
    context: str | None = strawberry.field(
        default=None, description="The context of the kubeconfig. Default: its current context."
    )


@strawberry.input(description="Omitted and null fields stay unchanged.")
class UpdateClusterInput:
    id: strawberry.ID
    name: str | None = strawberry.field(
        default=None, description="A new name. Targets and overrides of all generations follow it."
    )
    cloud: str | None = None
    distribution: str | None = None
    kubeconfig: str | None = strawberry.field(
        default=None, description="New credentials or another address. It must lead to the same cluster."
    )
    context: str | None = strawberry.field(
        default=None, description="The context of the kubeconfig. Default: its current context."
    )
    region: str | None = strawberry.field(default=None, description="The region. An empty text removes it.")
    labels: JSON | None = strawberry.field(default=None, description="The labels. They replace all present labels.")


@strawberry.input
class ConfirmClusterInput:
    id: strawberry.ID
    uid: str = strawberry.field(
        description="The `answeringUid` to confirm. The request fails if yet another cluster answers."
    )


@strawberry.input
class RemoveClusterInput:
    id: strawberry.ID
    force: bool | None = strawberry.field(default=False, description="Leave managed releases on the cluster unchanged.")


@strawberry.input
class CreateClusterGroupInput:
    name: str
    members: list[str]
    organization: str | None = None
    allowed_namespaces: list[str] | None = strawberry.field(
        default=None, description="Namespaces that deployments of the group may use. Null or empty: any."
    )
    service_account: str | None = strawberry.field(
        default=None,
        description="As `namespace/name`: the service account that deployments of the group use on each member. The"
        " cluster's credentials must be allowed to impersonate it. Null or empty: these credentials are used.",
    )


@strawberry.input(description="Omitted and null fields stay unchanged.")
class UpdateClusterGroupInput:
    id: strawberry.ID
    name: str | None = None
    members: list[str] | None = strawberry.field(
        default=None, description="Replaces the members. The group's releases are uninstalled from removed members."
    )
    allowed_namespaces: list[str] | None = strawberry.field(
        default=None,
        description="Replaces the namespaces that deployments of the group may use. An empty list allows any.",
    )
    service_account: str | None = strawberry.field(
        default=None,
        description="As `namespace/name`: the service account that deployments of the group use on each member. An"
        " empty one removes it: the clusters' credentials are used then.",
    )
    confirm_removal: int | None = strawberry.field(default=None, description=_CONFIRM_REMOVAL.format("members"))
    dry_run: bool | None = strawberry.field(default=False, description="Nothing is changed; `removal` is answered.")


@strawberry.input
class DeleteClusterGroupInput:
    id: strawberry.ID
    force: bool | None = strawberry.field(default=False, description="Leave the releases on the clusters unchanged.")


@strawberry.input
class SetGroupFeatureInput:
    group: strawberry.ID
    feature: str
    enabled: bool
    properties: JSON | None = None


@strawberry.input
class AddChartRepositoryInput:
    name: str
    url: str
    organization: str | None = None
    username: str | None = None
    password: str | None = None


@strawberry.input
class RemoveChartRepositoryInput:
    id: strawberry.ID


@strawberry.input
class RefreshChartRepositoryInput:
    id: strawberry.ID


@strawberry.input
class UploadChartInput:
    repository: str
    archive: str = strawberry.field(description="A packaged chart, in base64.")
    organization: str | None = None


@strawberry.input(description="A value from a secret. It is inserted when Helm runs and never shown.")
class ValueFromInput:
    secret: str = strawberry.field(description="The secret's name.")
    key: str
    path: str = strawberry.field(
        description='The path in the values, for example `database.password` or `annotations["a.b/c"]`.'
    )


@strawberry.input
class ValueOverrideInput:
    cluster: str
    values: JSON | None = None
    values_yaml: str | None = strawberry.field(
        default=None, description="The values as YAML, read as Helm reads a values file. Use either this or `values`."
    )
    values_from: list[ValueFromInput] | None = None


@strawberry.input
class CreateDeploymentInput:
    group: str
    chart: str = strawberry.field(description='"repository/name".')
    namespace: str = strawberry.field(
        description="The namespace of the release. It is created on clusters where it is missing."
    )
    organization: str | None = None
    version: str | None = strawberry.field(
        default=None, description="The chart version. Default: the newest stable version at the time of the request."
    )
    release_name: str | None = strawberry.field(
        default=None, description="The name of the release. Default: a generated name."
    )
    description: str | None = None
    values: JSON | None = None
    values_yaml: str | None = strawberry.field(
        default=None, description="The values as YAML, read as Helm reads a values file. Use either this or `values`."
    )
    values_from: list[ValueFromInput] | None = None
    value_overrides: list[ValueOverrideInput] | None = None
    targets: list[str] | None = strawberry.field(
        default=None, description="The names of the clusters. Default: all current members of the group."
    )
    atomic: bool | None = strawberry.field(default=False, description="Roll back a failed install or upgrade.")
    wait: bool | None = strawberry.field(default=False, description="Wait until the resources are ready.")
    timeout_seconds: int | None = 300
    drift_policy: DriftPolicy | None = strawberry.field(
        default=DriftPolicy.REPORT, description="What to do when a release is changed outside of Polyhelm."
    )
    dry_run: bool | None = strawberry.field(
        default=False, description="Validate and plan the request without changing anything."
    )
    idempotency_key: str | None = None


@strawberry.input(description="Omitted and null fields stay unchanged.")
class UpdateDeploymentInput:
    id: strawberry.ID
    expected_generation: int | None = strawberry.field(
        default=None, description="Fail with a conflict if the deployment has another generation."
    )
    version: str | None = None
    values: JSON | None = strawberry.field(
        default=None, description="`{}` clears them. Within values, null removes a key, as in Helm."
    )
    values_yaml: str | None = strawberry.field(
        default=None, description="The values as YAML, read as Helm reads a values file. Use either this or `values`."
    )
    values_from: list[ValueFromInput] | None = strawberry.field(
        default=None, description="Values from secrets. `[]` removes all."
    )
    value_overrides: list[ValueOverrideInput] | None = strawberry.field(
        default=None, description="Values from secrets. `[]` removes all."
    )
    reuse_values: bool | None = strawberry.field(
        default=False,
        description="If true, the given values are merged over the stored values. If false, they replace them.",
    )
    targets: list[str] | None = strawberry.field(
        default=None,
        description="Replaces the targets; the release is uninstalled from removed ones. A member that joined later is"
        " added here, with its overrides.",
    )
    confirm_removal: int | None = strawberry.field(default=None, description=_CONFIRM_REMOVAL.format("targets"))
    description: str | None = strawberry.field(default=None, description="The description. An empty text removes it.")
    atomic: bool | None = None
    wait: bool | None = None
    timeout_seconds: int | None = None
    drift_policy: DriftPolicy | None = None
    dry_run: bool | None = False
    idempotency_key: str | None = None
    release_name: str | None = strawberry.field(
        default=None, description="The name of the release. It cannot be changed; another name is an error."
    )
    namespace: str | None = strawberry.field(
        default=None, description="The name of the release. It cannot be changed; another name is an error."
    )


@strawberry.input
class ReconcileDeploymentInput:
    id: strawberry.ID
    targets: list[str] | None = None
    skip_hooks: bool | None = strawberry.field(default=False, description="Do not run the chart's hooks.")
    force: bool | None = strawberry.field(
        default=False,
        description="On clusters that are no longer targets, releases are uninstalled even where another Helm seems to"
        " be working on them, and those that can't be removed are left behind.",
    )
    dry_run: bool | None = False


@strawberry.input
class CancelOperationInput:
    id: strawberry.ID


@strawberry.input
class DeleteDeploymentInput:
    id: strawberry.ID
    force: bool | None = strawberry.field(
        default=False,
        description="Releases are uninstalled even where another Helm seems to be working on them, and those that can't"
        " be removed are left behind: `abandoned` has those on clusters that can't be"
        " reached now, the operation's results those that could not be uninstalled.",
    )
    skip_hooks: bool | None = strawberry.field(default=False, description="Do not run the chart's hooks.")
    dry_run: bool | None = False


@strawberry.input
class CreateSecretInput:
    name: str
    data: JSON = strawberry.field(description="An object of keys and texts. They can never be read back.")
    kind: SecretKind | None = strawberry.field(
        default=SecretKind.OPAQUE,
        description=("KUBECONFIG secrets have the key `kubeconfig`; REGISTRY secrets have `username` and `password`."),
    )
    organization: str | None = None
    group: str | None = strawberry.field(
        default=None,
        description=(
            "The only group whose deployments may use the secret. Default: all groups; the author of a"
            " deployment then needs the role for all groups."
        ),
    )
    description: str | None = None


@strawberry.input(description="Omitted and null fields stay unchanged.")
class UpdateSecretInput:
    id: strawberry.ID
    data: JSON | None = strawberry.field(
        default=None, description="Keys to change. They are merged into the stored keys; null removes a key."
    )
    description: str | None = strawberry.field(default=None, description="The description. An empty text removes it.")


@strawberry.input
class DeleteSecretInput:
    id: strawberry.ID


@strawberry.input
class CreateOrganizationInput:
    name: str


@strawberry.input
class CreateUserInput:
    name: str
    role: Role
    organization: str | None = None
    password: str | None = strawberry.field(
        default=None, description="The password. Without one, the user can only use API tokens."
    )


@strawberry.input
class RegisterInput:
    name: str
    password: str
    setup_code: str | None = strawberry.field(
        default=None, description="Required for the first user: the code that the server printed when it started."
    )


@strawberry.input
class SignInInput:
    name: str
    password: str


@strawberry.input
class SignOutInput:
    everywhere: bool | None = strawberry.field(
        default=False, description="End all sessions of the caller, not only this one."
    )


@strawberry.input
class RevokeSessionInput:
    id: strawberry.ID


@strawberry.input
class SetPasswordInput:
    password: str = strawberry.field(description="The new password.")
    current_password: str | None = strawberry.field(
        default=None, description="The current password, required to change one's own."
    )
    user: str | None = strawberry.field(
        default=None, description="The name of another user, for admins. Default: the caller."
    )


@strawberry.input
class DisableUserInput:
    user: str = strawberry.field(description="Their name.")


@strawberry.input
class EnableUserInput:
    user: str = strawberry.field(description="Their name.")


@strawberry.input
class SetRoleInput:
    user: str = strawberry.field(description="Their name.")
    role: Role | None = strawberry.field(default=None, description="The role to grant; null revokes the role.")
    organization: str | None = None
    group: str | None = strawberry.field(
        default=None, description="The group for which the role is granted. Default: the whole organization."
    )


@strawberry.input
class CreateApiTokenInput:
    name: str
    organization: str | None = strawberry.field(
        default=None,
        description="The only organization that the token works in. Default: all organizations of its user.",
    )
    role: Role | None = strawberry.field(
        default=None, description="The highest role of the token. A token never exceeds the permissions of its user."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When the token expires. Default: never, or as late as the server allows."
    )


@strawberry.input
class RevokeApiTokenInput:
    name: str
