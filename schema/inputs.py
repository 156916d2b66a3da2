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
    context: str | None = strawberry.field(default=None, description="Left out: the kubeconfig's current context.")


@strawberry.input(description="What is left out or null stays as it is.")
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
    context: str | None = strawberry.field(default=None, description="Left out: the kubeconfig's current context.")
    region: str | None = strawberry.field(default=None, description="An empty one clears it.")
    labels: JSON | None = strawberry.field(default=None, description="Replace all labels.")


@strawberry.input
class ConfirmClusterInput:
    id: strawberry.ID
    uid: str = strawberry.field(
        description="The `answeringUid` that was seen. Nothing changes where yet another cluster answers."
    )


@strawberry.input
class RemoveClusterInput:
    id: strawberry.ID
    force: bool | None = strawberry.field(default=False, description="Leaves our releases on it, as they are.")


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


@strawberry.input(description="What is left out, or null, stays as it is.")
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
    force: bool | None = strawberry.field(
        default=False, description="Leaves the releases on the clusters, as they are."
    )


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


@strawberry.input(description="A value of a secret: it is put in when Helm is run, and shown nowhere.")
class ValueFromInput:
    secret: str = strawberry.field(description="The secret's name.")
    key: str
    path: str = strawberry.field(description='Where it goes: `database.password`, `annotations["a.b/c"]`.')


@strawberry.input
class ValueOverrideInput:
    cluster: str
    values: JSON | None = None
    values_yaml: str | None = strawberry.field(
        default=None, description="The values as YAML, read as Helm reads a values file. Instead of `values`."
    )
    values_from: list[ValueFromInput] | None = None


@strawberry.input
class CreateDeploymentInput:
    group: str
    chart: str = strawberry.field(description='"repository/name".')
    namespace: str = strawberry.field(description="Created on each target where it is missing.")
    organization: str | None = None
    version: str | None = strawberry.field(
        default=None, description="Left out: the newest stable version, resolved now and kept."
    )
    release_name: str | None = strawberry.field(default=None, description="Left out: a readable random name.")
    description: str | None = None
    values: JSON | None = None
    values_yaml: str | None = strawberry.field(
        default=None, description="The values as YAML, read as Helm reads a values file. Instead of `values`."
    )
    values_from: list[ValueFromInput] | None = None
    value_overrides: list[ValueOverrideInput] | None = None
    targets: list[str] | None = strawberry.field(
        default=None, description="Names of clusters. Left out: all members of the group as of now."
    )
    atomic: bool | None = strawberry.field(default=False, description="A failed install or upgrade is rolled back.")
    wait: bool | None = strawberry.field(default=False, description="An action ends when the resources are ready.")
    timeout_seconds: int | None = 300
    drift_policy: DriftPolicy | None = strawberry.field(
        default=DriftPolicy.REPORT, description="What is done where somebody else changes a release."
    )
    dry_run: bool | None = strawberry.field(
        default=False, description="Validated and planned; nothing is changed anywhere."
    )
    idempotency_key: str | None = None


@strawberry.input(description="What is left out, or null, stays as it is.")
class UpdateDeploymentInput:
    id: strawberry.ID
    expected_generation: int | None = strawberry.field(
        default=None, description="Conflict when the deployment has moved on."
    )
    version: str | None = None
    values: JSON | None = strawberry.field(
        default=None, description="`{}` clears them. Within values, null removes a key, as in Helm."
    )
    values_yaml: str | None = strawberry.field(
        default=None, description="The values as YAML, read as Helm reads a values file. Instead of `values`."
    )
    values_from: list[ValueFromInput] | None = strawberry.field(default=None, description="`[]` clears them.")
    value_overrides: list[ValueOverrideInput] | None = strawberry.field(default=None, description="`[]` clears them.")
    reuse_values: bool | None = strawberry.field(
        default=False,
        description="true: what is given is merged over the stored values; false: it replaces them.",
    )
    targets: list[str] | None = strawberry.field(
        default=None,
        description="Replaces the targets; the release is uninstalled from removed ones. A member that joined later is"
        " added here, with its overrides.",
    )
    confirm_removal: int | None = strawberry.field(default=None, description=_CONFIRM_REMOVAL.format("targets"))
    description: str | None = strawberry.field(default=None, description='"" clears it.')
    atomic: bool | None = None
    wait: bool | None = None
    timeout_seconds: int | None = None
    drift_policy: DriftPolicy | None = None
    dry_run: bool | None = False
    idempotency_key: str | None = None
    release_name: str | None = strawberry.field(default=None, description="Never changes; naming another is an error.")
    namespace: str | None = strawberry.field(default=None, description="Never changes; naming another is an error.")


@strawberry.input
class ReconcileDeploymentInput:
    id: strawberry.ID
    targets: list[str] | None = None
    skip_hooks: bool | None = strawberry.field(default=False, description="Hooks of the chart are not run.")
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
    skip_hooks: bool | None = strawberry.field(default=False, description="Hooks of the chart are not run.")
    dry_run: bool | None = False


@strawberry.input
class CreateSecretInput:
    name: str
    data: JSON = strawberry.field(description="Keys to texts. They can never be read back.")
    kind: SecretKind | None = strawberry.field(
        default=SecretKind.OPAQUE,
        description="KUBECONFIG has the key `kubeconfig`, REGISTRY `username` and `password`.",
    )
    organization: str | None = None
    group: str | None = strawberry.field(
        default=None, description="Left out: for all deployments, if their author may deploy to all groups."
    )
    description: str | None = None


@strawberry.input(description="What is left out, or null, stays as it is.")
class UpdateSecretInput:
    id: strawberry.ID
    data: JSON | None = strawberry.field(
        default=None, description="Merged into the stored keys; within it, null removes a key."
    )
    description: str | None = strawberry.field(default=None, description='"" clears it.')


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
    password: str | None = strawberry.field(default=None, description="Left out: they have a token alone.")


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
    everywhere: bool | None = strawberry.field(default=False, description="In all browsers, not in this one alone.")


@strawberry.input
class RevokeSessionInput:
    id: strawberry.ID


@strawberry.input
class SetPasswordInput:
    password: str = strawberry.field(description="The new one.")
    current_password: str | None = strawberry.field(
        default=None, description="Needed to change one's own, where there is one."
    )
    user: str | None = strawberry.field(default=None, description="Somebody else's name, for admins.")


@strawberry.input
class DisableUserInput:
    user: str = strawberry.field(description="Their name.")


@strawberry.input
class EnableUserInput:
    user: str = strawberry.field(description="Their name.")


@strawberry.input
class SetRoleInput:
    user: str = strawberry.field(description="Their name.")
    role: Role | None = strawberry.field(default=None, description="Null takes the role away.")
    organization: str | None = None
    group: str | None = strawberry.field(
        default=None, description="The role is one in this group alone, beyond the one in the organization."
    )


@strawberry.input
class CreateApiTokenInput:
    name: str
    organization: str | None = strawberry.field(
        default=None, description="The only one that the token is good for. Left out: all that its user belongs to."
    )
    role: Role | None = strawberry.field(
        default=None, description="The token may do no more than this, and nowhere more than its user."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Left out: as late as possible.")


@strawberry.input
class RevokeApiTokenInput:
    name: str
