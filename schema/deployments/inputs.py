"""The inputs of mutations about deployments. Their texts are masked in the audit log unless the subject lists them as
plain."""

import strawberry

from schema.deployments.enums import CrdPolicy, DriftPolicy, LiveDrift
from schema.previews.removal import CONFIRM_REMOVAL
from schema.scalars import JSON
from schema.selectors.inputs import ClusterSelectorInput
from schema.strategies.inputs import RolloutStrategyInput
from schema.targets.enums import Remedy

_SELECTOR_OVERRIDES = (
    "Values for the clusters that a selector matches, weakest first. They are merged over the common values, and"
    " `valueOverrides` over them."
)

_STRATEGY_NEW = "How this change and later ones reach the targets. Default: all at once."
_STRATEGY_CHANGE = (
    "How this change and later ones reach the targets. A strategy without waves means all at once. Default: the"
    " present strategy."
)


_REMEDIATION = "What is done after an install or upgrade of a target has failed."
_STRATEGY_OVERRIDE = (
    "How this change alone reaches the targets, in place of the deployment's strategy, which stays as it is. A strategy"
    " without waves means all at once. It has no effect if the change makes no new generation."
)

ALLOW_CRD_VERSION_REMOVAL = (
    "With `crdPolicy: CREATE_REPLACE`: the names of CustomResourceDefinitions from which this change may remove"
    " versions that are served, or in which objects are stored. Objects that are still stored in a removed version can"
    " no longer be read. Holds for this change only; its operation and the audit log show it."
)


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


@strawberry.input(description="Values for the clusters that a selector matches.")
class SelectorOverrideInput:
    select: ClusterSelectorInput
    values: JSON | None = None
    values_yaml: str | None = strawberry.field(
        default=None, description="The values as YAML, read as Helm reads a values file. Use either this or `values`."
    )
    values_from: list[ValueFromInput] | None = None


@strawberry.input(
    description="Places of live objects in which differences do not count as drift. Without a kind, of all objects."
)
class DriftIgnoreRuleInput:
    paths: list[str] = strawberry.field(
        description="JSON pointers. `*` stands for any one segment, for example"
        " `/spec/template/spec/containers/*/resources`; a place below a path is ignored too."
    )
    kind: str | None = None
    group: str | None = strawberry.field(
        default=None, description="The API group of the kind; empty for the core group. Default: any group."
    )


@strawberry.input(
    description="A deployment of the same group. On each cluster, its release is installed and upgraded first, and"
    " uninstalled last."
)
class DependencyInput:
    deployment: str = strawberry.field(description="The release name of the deployment.")
    condition: str | None = strawberry.field(
        default=None,
        description="A CEL expression on its `target` (`status`, `health`, `chartVersion`, `revision`) and the"
        ' `cluster` (`name`). Default: `target.status == "DEPLOYED" && target.health == "HEALTHY"`.',
    )


@strawberry.input(
    description="What is done after an install or upgrade of a target has failed. A failure that has changed nothing on"
    " the cluster, or of a generation that the target has had before, is not remedied."
)
class RemediationInput:
    retries: int = strawberry.field(
        default=0,
        description="How often a run of Helm that has created a revision or run hooks is repeated after it failed, at"
        " most 10.",
    )
    remedy: Remedy = strawberry.field(
        default=Remedy.NOTHING,
        description="What follows the last failure. Except with NOTHING, the generation is then held on the target.",
    )


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
    selector_overrides: list[SelectorOverrideInput] | None = strawberry.field(
        default=None, description=_SELECTOR_OVERRIDES
    )
    targets: list[str] | None = strawberry.field(
        default=None,
        description="The names of the clusters. Default: those that `targetSelector` matches, or all current members of"
        " the group if there is none.",
    )
    target_selector: ClusterSelectorInput | None = strawberry.field(
        default=None,
        description="Selects members of the group as targets, in addition to `targets`. A cluster that comes to match"
        " later is added by the next generation (`pendingMembership`).",
    )
    atomic: bool | None = strawberry.field(default=False, description="Roll back a failed install or upgrade.")
    wait: bool | None = strawberry.field(default=False, description="Wait until the resources are ready.")
    timeout_seconds: int | None = 300
    drift_policy: DriftPolicy | None = strawberry.field(
        default=DriftPolicy.REPORT, description="What to do when a release is changed outside of Polyhelm."
    )
    crd_policy: CrdPolicy | None = CrdPolicy.CREATE
    live_drift: LiveDrift | None = strawberry.field(
        default=LiveDrift.OFF,
        description="What to do when an object on a cluster differs from the manifest of its release.",
    )
    live_drift_ignore: list[DriftIgnoreRuleInput] | None = strawberry.field(
        default=None, description="Differences that do not count as drift of live objects."
    )
    depends_on: list[DependencyInput] | None = strawberry.field(
        default=None, description="The deployments whose releases have to be ready first."
    )
    allow_crd_version_removal: list[str] | None = strawberry.field(default=None, description=ALLOW_CRD_VERSION_REMOVAL)
    strategy: RolloutStrategyInput | None = strawberry.field(default=None, description=_STRATEGY_NEW)
    remediation: RemediationInput | None = strawberry.field(default=None, description=_REMEDIATION)
    strategy_override: RolloutStrategyInput | None = strawberry.field(default=None, description=_STRATEGY_OVERRIDE)
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
        default=None, description="Values for single clusters. `[]` removes all."
    )
    selector_overrides: list[SelectorOverrideInput] | None = strawberry.field(
        default=None, description=f"{_SELECTOR_OVERRIDES} Replaces all present ones, also with `reuseValues`."
    )
    reuse_values: bool | None = strawberry.field(
        default=False,
        description="If true, the given values are merged over the stored values. If false, they replace them.",
    )
    targets: list[str] | None = strawberry.field(
        default=None,
        description="Replaces the targets; the release is uninstalled from removed ones. A member that joined later is"
        " added here, with its overrides. Without `targetSelector`, a present selector is removed.",
    )
    target_selector: ClusterSelectorInput | None = strawberry.field(
        default=None,
        description="Replaces the selector of the targets. Without `targets`, a present list is removed. If neither is"
        " given, both stay, and the targets become those that the selector matches now.",
    )
    confirm_removal: int | None = strawberry.field(default=None, description=CONFIRM_REMOVAL.format("targets"))
    description: str | None = strawberry.field(default=None, description="The description. An empty text removes it.")
    atomic: bool | None = None
    wait: bool | None = None
    timeout_seconds: int | None = None
    drift_policy: DriftPolicy | None = None
    crd_policy: CrdPolicy | None = strawberry.field(
        default=None, description="The next install or upgrade uses it; this change starts none."
    )
    live_drift: LiveDrift | None = None
    live_drift_ignore: list[DriftIgnoreRuleInput] | None = strawberry.field(
        default=None, description="Replaces all ignore rules. `[]` removes them."
    )
    depends_on: list[DependencyInput] | None = strawberry.field(
        default=None,
        description="Replaces the deployments whose releases have to be ready first. `[]` removes them and ends the"
        " waiting for them.",
    )
    allow_crd_version_removal: list[str] | None = strawberry.field(default=None, description=ALLOW_CRD_VERSION_REMOVAL)
    strategy: RolloutStrategyInput | None = strawberry.field(default=None, description=_STRATEGY_CHANGE)
    remediation: RemediationInput | None = strawberry.field(default=None, description=_REMEDIATION)
    strategy_override: RolloutStrategyInput | None = strawberry.field(default=None, description=_STRATEGY_OVERRIDE)
    dry_run: bool | None = False
    idempotency_key: str | None = None
    release_name: str | None = strawberry.field(
        default=None, description="The name of the release. It cannot be changed; another name is an error."
    )
    namespace: str | None = strawberry.field(
        default=None, description="The name of the release. It cannot be changed; another name is an error."
    )


@strawberry.input(
    description="Copies the chart version and the common values of a generation of another deployment, with their"
    " references to secrets, to a new generation of this one. Its overrides, targets and options stay, and its strategy"
    " applies."
)
class PromoteDeploymentInput:
    id: strawberry.ID = strawberry.field(description="The deployment to change.")
    source: strawberry.ID = strawberry.field(
        description="A deployment of the same organization with the same chart, in any group."
    )
    generation: int | None = strawberry.field(
        default=None, description="The generation of the source. Default: its present one."
    )
    unverified: bool | None = strawberry.field(
        default=False,
        description="Promote the generation although it is not verified: by default, it must have been rolled out to"
        " all targets of the source and be healthy there.",
    )
    expected_generation: int | None = strawberry.field(
        default=None, description="Fail with a conflict if the deployment to change has another generation."
    )
    confirm_removal: int | None = strawberry.field(default=None, description=CONFIRM_REMOVAL.format("targets"))
    allow_crd_version_removal: list[str] | None = strawberry.field(default=None, description=ALLOW_CRD_VERSION_REMOVAL)
    dry_run: bool | None = False


@strawberry.input
class ReconcileDeploymentInput:
    id: strawberry.ID
    targets: list[str] | None = None
    skip_hooks: bool | None = strawberry.field(default=False, description="Do not run the chart's hooks.")
    force: bool | None = strawberry.field(
        default=False,
        description="On clusters that are no longer targets, releases are uninstalled even if another Helm process"
        " seems to be working on them, and those that cannot be removed are left behind.",
    )
    allow_crd_version_removal: list[str] | None = strawberry.field(default=None, description=ALLOW_CRD_VERSION_REMOVAL)
    dry_run: bool | None = False


@strawberry.input
class DeleteDeploymentInput:
    id: strawberry.ID
    force: bool | None = strawberry.field(
        default=False,
        description="Releases are uninstalled even if another Helm process seems to be working on them, and those that"
        " cannot be removed are left behind: `abandoned` lists those on unreachable clusters, the operation's results"
        " those that could not be uninstalled.",
    )
    skip_hooks: bool | None = strawberry.field(default=False, description="Do not run the chart's hooks.")
    dry_run: bool | None = False
