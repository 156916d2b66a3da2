"""Deployments and the generations of their desired state."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.core.paging import DEFAULT, Window
from app.deployments import membership
from app.deployments.lists import history_page, operations_page
from app.releases import remediation as rules
from app.tables import deployments as tables
from app.tables.charts import ChartArchive
from schema.charts.loaders import archive_by_digest
from schema.context import Info
from schema.deployments.enums import CrdPolicy, DriftPolicy, LiveDrift
from schema.deployments.loaders import (
    dependencies_by_deployment,
    dependents_by_deployment,
    deployment_by_id,
    revision_by_deployment,
)
from schema.deployments.values import (
    SelectorOverride,
    ValueFrom,
    ValueOverride,
    overrides_of,
    selector_of,
    selector_overrides_of,
    values_from_of,
)
from schema.list_length import usually
from schema.operations.types import Operation
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.resources.drift import SuggestedIgnoreRule
from schema.resources.loaders import shared_differences_by_deployment
from schema.scalars import JSON
from schema.selectors.types import ClusterSelector
from schema.strategies.loaders import holds_by_deployment, rollout_by_deployment
from schema.strategies.types import GenerationHold, RolloutStrategy
from schema.targets.counts import DriftCount, HealthCount, StatusCount, by_drift, by_health, by_status
from schema.targets.enums import Remedy, TargetStatus
from schema.targets.loaders import (
    drift_counts_by_deployment,
    health_counts_by_deployment,
    status_counts_by_deployment,
    target_by_name,
    targets_by_deployment,
)
from schema.targets.types import DeploymentTarget
from schema.values import AS_YAML, as_yaml

if TYPE_CHECKING:
    from schema.groups.types import ClusterGroup
    from schema.rollouts.types import Rollout


@strawberry.type(description="A generation of another deployment from which a generation was promoted.")
class PromotedFrom:
    deployment_id: strawberry.Private[int]
    name: str = strawberry.field(description="Group and release name of the deployment at that time.")
    generation: int

    @strawberry.field(description="Null if it was deleted.")
    async def deployment(self, info: Info) -> "Deployment | None":
        row = await info.context.load[deployment_by_id].load(self.deployment_id)
        return Deployment.of(row) if row else None


@strawberry.type(description="What is done after an install or upgrade of a target has failed.")
class Remediation:
    retries: int = strawberry.field(
        description="How often a run of Helm that has created a revision or run hooks is repeated after it failed."
    )
    remedy: Remedy = strawberry.field(description="What follows the last failure.")

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> "Remediation":
        found = rules.Remediation.of_json(stored)
        return cls(retries=found.retries, remedy=found.remedy)


@strawberry.type(description="The desired state of one generation.")
class DeploymentRevision:
    generation: int
    author: str | None
    chart_version: str
    values: JSON
    values_from: list[ValueFrom]
    value_overrides: list[ValueOverride]
    selector_overrides: list[SelectorOverride] = strawberry.field(metadata=usually(2), description="Weakest first.")
    targets: list[str]
    target_selector: ClusterSelector | None
    listed_targets: list[str] = strawberry.field(
        description="The targets that were listed in addition to `targetSelector`; empty without one."
    )
    promoted_from: PromotedFrom | None = strawberry.field(
        description="Where the chart version and the common values were copied from; null unless it was a promotion."
    )
    created_at: datetime

    @strawberry.field(description=AS_YAML)
    async def values_yaml(self) -> str:
        return await as_yaml(self.values)

    @classmethod
    def of(cls, row: tables.DeploymentRevision) -> "DeploymentRevision":
        return cls(
            generation=row.generation,
            author=row.author,
            chart_version=row.chart_version,
            values=row.values,
            values_from=values_from_of(row.values_from),
            value_overrides=overrides_of(row),
            selector_overrides=selector_overrides_of(row),
            targets=row.targets,
            target_selector=selector_of(row),
            listed_targets=row.listed_targets,
            promoted_from=promoted_from_of(row),
            created_at=row.created_at,
        )


def promoted_from_of(row: tables.DeploymentRevision) -> PromotedFrom | None:
    found = row.promoted_from
    if found is None:
        return None
    return PromotedFrom(deployment_id=found["deployment"], name=found["name"], generation=found["generation"])


@strawberry.type(
    description="Places of live objects in which differences do not count as drift. Without a kind, of all objects."
)
class DriftIgnoreRule:
    paths: list[str] = strawberry.field(description="JSON pointers, in which `*` stands for any one segment.")
    kind: str | None
    group: str | None = strawberry.field(
        description="The API group of the kind; empty for the core group, null for any group."
    )


@strawberry.type(description="Changes of the targets that the next generation makes.")
class PendingMembership:
    joining: list[str] = strawberry.field(description="The names of members that the selector matches now.")
    leaving: list[str] = strawberry.field(description="The names of targets that the selector no longer matches.")


@strawberry.type(description="A deployment that another one depends on.")
class DeploymentDependency:
    dependency_id: strawberry.Private[int]
    release_name: str
    condition: str | None = strawberry.field(
        description="The condition on its target; null if the target has to be DEPLOYED and HEALTHY."
    )

    @strawberry.field
    async def deployment(self, info: Info) -> "Deployment":
        row = await info.context.load[deployment_by_id].load(self.dependency_id)
        assert row is not None
        return Deployment.of(row)


@strawberry.type(description="The desired state of one Helm release on several clusters.")
class Deployment(Node):
    row: strawberry.Private[tables.Deployment]
    release_name: str
    namespace: str
    chart: str = strawberry.field(description='The chart, as "repository/name".')
    chart_name: str
    description: str | None
    generation: int = strawberry.field(description="Increases by one with every change of the desired state.")
    atomic: bool
    wait: bool
    timeout_seconds: int
    drift_policy: DriftPolicy = strawberry.field(
        description="What to do when a release is changed outside of Polyhelm."
    )
    crd_policy: CrdPolicy
    live_drift: LiveDrift = strawberry.field(
        description="What to do when an object on a cluster differs from the manifest of its release."
    )
    live_drift_ignore: list[DriftIgnoreRule] = strawberry.field(
        metadata=usually(2), description="Differences that do not count as drift of live objects."
    )
    deleting: bool = strawberry.field(
        description="True while the deployment is being deleted; it disappears once its last release is uninstalled."
    )
    created_at: datetime
    updated_at: datetime

    @strawberry.field
    async def group(self, info: Info) -> Annotated["ClusterGroup", strawberry.lazy("schema.groups.types")]:
        return await self._group(info)

    @strawberry.field(
        description="The caller's permissions for the deployment and its targets, for example `logs.read`."
    )
    async def permissions(self, info: Info) -> list[str]:
        return list(info.context.viewer.permissions(self.row.organization_id, group_id=self.row.group_id))

    @strawberry.field(
        description="The current desired state. `targets` also includes targets that are still to be removed."
    )
    async def desired(self, info: Info) -> DeploymentRevision:
        return DeploymentRevision.of(await self.present_revision(info))

    @strawberry.field(description="The exact chart version, resolved when the deployment was changed.")
    async def chart_version(self, info: Info) -> str:
        return (await self.present_revision(info)).chart_version

    @strawberry.field
    async def chart_digest(self, info: Info) -> str:
        return (await self.present_revision(info)).chart_digest

    @strawberry.field(description="The chart's values.yaml, unchanged. Values of the deployment override it.")
    async def default_values(self, info: Info) -> str:
        return (await self._archive(info)).default_values

    @strawberry.field(description="The chart's values.schema.json, if it has one.")
    async def values_schema(self, info: Info) -> JSON | None:
        return (await self._archive(info)).values_schema

    @strawberry.field(description="The values for all targets.")
    async def values(self, info: Info) -> JSON:
        return (await self.present_revision(info)).values

    @strawberry.field(description=AS_YAML)
    async def values_yaml(self, info: Info) -> str:
        return await as_yaml((await self.present_revision(info)).values)

    @strawberry.field(description="The values from secrets for all targets.")
    async def values_from(self, info: Info) -> list[ValueFrom]:
        return values_from_of((await self.present_revision(info)).values_from)

    @strawberry.field
    async def value_overrides(self, info: Info) -> list[ValueOverride]:
        return overrides_of(await self.present_revision(info))

    @strawberry.field(
        metadata=usually(2),
        description="Values for the clusters that a selector matches, weakest first. They are merged over `values`, and"
        " `valueOverrides` over them.",
    )
    async def selector_overrides(self, info: Info) -> list[SelectorOverride]:
        return selector_overrides_of(await self.present_revision(info))

    @strawberry.field(description="The selector of the targets; null if they are a list.")
    async def target_selector(self, info: Info) -> ClusterSelector | None:
        return selector_of(await self.present_revision(info))

    @strawberry.field(
        description="The targets that the next generation adds and removes, because `targetSelector` matches other"
        " members now. Any `updateDeployment` makes that generation; it needs no other change."
    )
    async def pending_membership(self, info: Info) -> PendingMembership:
        revision = await self.present_revision(info)
        if revision.target_selector is None:
            return PendingMembership(joining=[], leaving=[])
        group = await self._group(info)
        members = {cluster.name: cluster for cluster in await group.member_rows(info)}
        found = membership.PendingMembership.of(revision, group.row, members)
        return PendingMembership(joining=list(found.joining), leaving=list(found.leaving))

    @strawberry.field(
        metadata=usually(1),
        description="The deployments of the group whose releases are installed and upgraded first on each cluster, and"
        " uninstalled last.",
    )
    async def depends_on(self, info: Info) -> list[DeploymentDependency]:
        found = await info.context.load[dependencies_by_deployment].load(self.row.id)
        return [
            DeploymentDependency(dependency_id=one.id, release_name=one.release_name, condition=one.condition)
            for one in found
        ]

    @strawberry.field(metadata=usually(1), description="The deployments that depend on this one.")
    async def dependents(self, info: Info) -> list["Deployment"]:
        return [Deployment.of(row) for row in await info.context.load[dependents_by_deployment].load(self.row.id)]

    @strawberry.field(metadata=usually(100))
    async def targets(self, info: Info, status: list[TargetStatus] | None = None) -> list[DeploymentTarget]:
        targets = await info.context.load[targets_by_deployment].load(self.row.id)
        return [DeploymentTarget.of(facts) for facts in targets if status is None or facts.status in status]

    @strawberry.field(description="The target on the cluster with this name; null if there is none.")
    async def target(self, info: Info, cluster: str) -> DeploymentTarget | None:
        facts = await info.context.load[target_by_name].load((self.row.id, cluster))
        return DeploymentTarget.of(facts) if facts is not None else None

    @strawberry.field(description="The number of targets with each status. It is cheap, also for many targets.")
    async def status_counts(self, info: Info) -> list[StatusCount]:
        return by_status(await info.context.load[status_counts_by_deployment].load(self.row.id))

    @strawberry.field(description="The number of targets with each health.")
    async def health_counts(self, info: Info) -> list[HealthCount]:
        return by_health(await info.context.load[health_counts_by_deployment].load(self.row.id))

    @strawberry.field(description="The number of targets with each state of their live objects.")
    async def drift_counts(self, info: Info) -> list[DriftCount]:
        return by_drift(await info.context.load[drift_counts_by_deployment].load(self.row.id))

    @strawberry.field(
        metadata=usually(1),
        description="Ignore rules for differences that at least half of the targets have, and at least two: probably"
        " something on the clusters sets these fields. The most frequent come first, at most 20.",
    )
    async def suggested_ignore_rules(self, info: Info) -> list[SuggestedIgnoreRule]:
        found = await info.context.load[shared_differences_by_deployment].load(self.row.id)
        return [SuggestedIgnoreRule.of(shared) for shared in found]

    @strawberry.field(description="The revisions of the desired state, newest first.")
    async def history(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[DeploymentRevision]:
        page = await history_page(info.context.services, self.row.id, Window.of(first, after))
        return to_connection(page, DeploymentRevision.of)

    @strawberry.field(description="The operations on the deployment, newest first.")
    async def operations(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[Operation]:
        page = await operations_page(info.context.services, self.row.id, Window.of(first, after))
        return to_connection(page, Operation.of)

    @strawberry.field(description="The strategy of its rollouts; null if changes reach all targets at once.")
    def strategy(self) -> RolloutStrategy | None:
        return RolloutStrategy.of(self.row.strategy) if self.row.strategy else None

    @strawberry.field(description="What is done after an install or upgrade of a target has failed.")
    def remediation(self) -> Remediation:
        return Remediation.of(self.row.remediation)

    @strawberry.field(description="The rollout of the present generation; null if it reached all targets at once.")
    async def rollout(self, info: Info) -> Annotated["Rollout", strawberry.lazy("schema.rollouts.types")] | None:
        row = await info.context.load[rollout_by_deployment].load(self.row.id)
        found: Rollout | None = await info.context.find("Rollout", row.id if row else None)
        return found

    @strawberry.field(
        metadata=usually(1), description="The generations that no target moves to until a user lifts the hold."
    )
    async def holds(self, info: Info) -> list[GenerationHold]:
        return [GenerationHold.of(row) for row in await info.context.load[holds_by_deployment].load(self.row.id)]

    async def _archive(self, info: Info) -> ChartArchive:
        return await info.context.load[archive_by_digest].load((await self.present_revision(info)).chart_digest)

    async def _group(self, info: Info) -> "ClusterGroup":
        found: ClusterGroup = await info.context.find("ClusterGroup", self.row.group_id)
        return found

    async def present_revision(self, info: Info, generation: int | None = None) -> tables.DeploymentRevision:
        """The revision of a generation, or else of the present one."""
        return await info.context.load[revision_by_deployment].load((self.row.id, generation or self.row.generation))

    @classmethod
    def of(cls, row: tables.Deployment) -> "Deployment":
        return cls(
            row=row,
            id=encode_id("Deployment", row.id),
            release_name=row.release_name,
            namespace=row.namespace,
            chart=row.chart,
            chart_name=row.chart_name,
            description=row.description,
            generation=row.generation,
            atomic=row.atomic,
            wait=row.wait,
            timeout_seconds=row.timeout_seconds,
            drift_policy=row.drift_policy,
            crd_policy=row.crd_policy,
            live_drift=row.live_drift,
            live_drift_ignore=[DriftIgnoreRule(**rule) for rule in row.live_drift_ignore],
            deleting=row.deleting,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
