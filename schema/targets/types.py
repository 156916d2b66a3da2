"""A deployment on one cluster, and why it has its status."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.core.paging import DEFAULT, Window
from app.drift.states import DRIFTED
from app.identity.permissions import Permission
from app.releases.references import ANY, hidden
from app.releases.status import helm_status
from app.resources.live import read_object, read_tree
from app.resources.queries import resources_of
from app.tables import targets as tables
from app.targets.desired import desired_release
from app.targets.queries import TargetFacts
from app.targets.trouble import next_steps_from
from schema.context import Info
from schema.list_length import usually
from schema.needs import needing
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.resources.drift import ObjectDifference
from schema.resources.enums import DriftState, Health
from schema.resources.live import LiveObject, ResourceTree
from schema.resources.loaders import differences_by_target
from schema.resources.types import HealthReason, LiveResource, health_reasons_of
from schema.scalars import JSON
from schema.strategies.enums import TargetState
from schema.strategies.loaders import state_by_target
from schema.targets.activity import Activity
from schema.targets.enums import NextStep, ReasonCode, Remedy, TargetStatus
from schema.targets.loaders import activity_by_target, hold_by_target, inputs_by_target, installed_values_by_target
from schema.targets.origins import (
    Explained,
    ValueDifference,
    ValueOrigin,
    defaults_of,
    desired_differences,
    installed_differences,
)
from schema.targets.trouble import TargetError
from schema.values import AS_YAML, as_yaml
from schema.windows.loaders import window_status_by_target
from schema.windows.types import WindowStatus

if TYPE_CHECKING:
    from schema.clusters.types import Cluster
    from schema.deployments.types import Deployment


@strawberry.type(description="A reason for a status.")
class StatusReason:
    code: ReasonCode
    message: str
    path: str | None = strawberry.field(description="The path of the differing value.")
    desired: JSON | None
    actual: JSON | None


def reasons_of(reasons: list[dict[str, Any]]) -> list[StatusReason]:
    return [StatusReason(**{**reason, "code": ReasonCode(reason["code"])}) for reason in reasons]


@strawberry.type(description="Whether the objects of a release differ from its manifest.")
class TargetDrift:
    facts: strawberry.Private[TargetFacts]
    state: DriftState
    since: datetime = strawberry.field(description="When the state last changed.")
    drifted: int = strawberry.field(description="The number of objects that differ or are missing.")
    not_checked: int = strawberry.field(description="The number of objects that cannot be compared.")

    @strawberry.field(
        **needing(
            Permission.RESOURCES_READ,
            "What differs, by kind, namespace and name: at most 100 fields and objects.",
            **usually(1),
        )
    )
    async def differences(self, info: Info) -> list[ObjectDifference]:
        info.context.viewer.require(self.facts.organization_id, Permission.RESOURCES_READ, group_id=self.facts.group_id)
        if self.state not in DRIFTED:
            return []
        found = await info.context.load[differences_by_target].load(self.facts.id)
        return [ObjectDifference.of(each) for each in found]


@strawberry.type(
    description="A generation that has failed on a target and was remedied. The target does not get it again until a"
    " user lifts the hold; a newer generation ends it."
)
class TargetHold:
    generation: int
    remedy: Remedy = strawberry.field(description="ROLLBACK or UNINSTALL.")
    code: str = strawberry.field(description="The error code of the failure.")
    message: str = strawberry.field(description="The error message of the failure.")
    created_at: datetime

    @classmethod
    def of(cls, row: tables.TargetHold) -> "TargetHold":
        return cls(
            generation=row.generation,
            remedy=row.remedy,
            code=row.code,
            message=row.message,
            created_at=row.created_at,
        )


@strawberry.type(description="A deployment on one cluster, with its desired and observed state.")
class DeploymentTarget(Node):
    facts: strawberry.Private[TargetFacts]
    cluster_id: strawberry.ID
    deployment_id: strawberry.ID
    cluster_name: str
    cloud: str
    distribution: str
    status: TargetStatus = strawberry.field(
        description=(
            "The status of the target: STALE if the release differs from the desired state, otherwise"
            " usually Helm's status."
        )
    )
    stale: bool
    status_since: datetime
    helm_status: TargetStatus | None = strawberry.field(
        description="The status in Helm's release record; null if there is no release."
    )
    version: str | None = strawberry.field(description="The installed chart version.")
    revision: int | None = strawberry.field(description="The revision of the release in Helm.")
    changed_at: datetime | None = strawberry.field(description="When Helm last changed the release.")
    generation: int | None = strawberry.field(description="The generation that the target last matched.")
    allowed_generation: int | None = strawberry.field(
        description="The generation that is the desired state of the target: the deployment's, unless a rollout has not"
        " reached the target or has rolled it back, or the target has failed to get it (`hold`). Null for a new target"
        " that a rollout has not reached, and for one whose release was uninstalled after it had failed."
    )
    values_renewed: bool = strawberry.field(
        description="Whether the desired values have changed because a property of the cluster or its group has, or an"
        " endpoint of another target, and the release has not been changed since."
    )
    observed_at: datetime | None = strawberry.field(description="When `status` was last confirmed.")
    health: Health = strawberry.field(
        description=(
            "The worst health of the resources of the release: MISSING if nothing is installed, UNKNOWN if the cluster"
            " cannot be asked."
        )
    )
    health_since: datetime
    health_reasons: list[HealthReason] = strawberry.field(
        metadata=usually(1),
        description="The resources that keep the target from being HEALTHY, the worst first, at most ten.",
    )
    resources_left_out: int = strawberry.field(
        description="The number of objects of the release that are not followed, because it has too many."
    )
    reasons: list[StatusReason] = strawberry.field(
        metadata=usually(2), description="Why the target has its status. Empty only if the status is DEPLOYED."
    )
    error: TargetError | None = strawberry.field(
        description="The error of the last action; null once an action has succeeded."
    )
    next_steps: list[NextStep] = strawberry.field(
        description="The actions that resolve the status; empty for DEPLOYED."
    )

    @strawberry.field(description="The user-supplied values of the installed release. Values from secrets are hidden.")
    async def values(self, info: Info) -> JSON | None:
        return await self._values(info)

    @strawberry.field(description=AS_YAML)
    async def values_yaml(self, info: Info) -> str | None:
        values = await self._values(info)
        return None if values is None else await as_yaml(values)

    @strawberry.field(
        **needing(Permission.RESOURCES_READ, "The objects of the release on the cluster, by kind, namespace and name.")
    )
    async def resources(
        self,
        info: Info,
        first: int | None = DEFAULT,
        after: str | None = None,
        health: list[Health] | None = None,
        drift: list[DriftState] | None = None,
    ) -> Connection[LiveResource]:
        info.context.viewer.require(self.facts.organization_id, Permission.RESOURCES_READ, group_id=self.facts.group_id)
        page = await resources_of(info.context.services, self.facts.id, Window.of(first, after), health, drift)
        return to_connection(page, LiveResource.of)

    @strawberry.field(
        **needing(
            Permission.RESOURCES_READ,
            "The resources with the ReplicaSets, Jobs and pods that they own, read from the cluster.",
        )
    )
    async def tree(self, info: Info) -> ResourceTree:
        return ResourceTree.of(await read_tree(info.context.services, info.context.viewer, self.facts.id))

    @strawberry.field(
        **needing(
            Permission.RESOURCES_READ,
            "One object of the target, read from the cluster: a resource, or a ReplicaSet, Job or pod that one owns."
            " `namespace` defaults to the namespace of the release; it is empty for objects that belong to none.",
        )
    )
    async def live_object(
        self, info: Info, kind: str, name: str, namespace: str | None = None, api_group: str | None = None
    ) -> LiveObject | None:
        if namespace is None:
            namespace = (await self._deployment(info)).namespace
        services, viewer = info.context.services, info.context.viewer
        found = await read_object(services, viewer, self.facts.id, kind, namespace, name, api_group)
        return None if found is None else LiveObject.of(found)

    @strawberry.field(description="Whether the objects of the release differ from its manifest.")
    async def live_drift(self) -> "TargetDrift":
        facts = self.facts
        return TargetDrift(
            facts=facts,
            state=facts.drift,
            since=facts.drift_since,
            drifted=facts.drifted,
            not_checked=facts.not_compared,
        )

    @strawberry.field(description="The current work on the target; null if there is none.")
    async def activity(self, info: Info) -> Activity | None:
        found = await info.context.load[activity_by_target].load(self.facts.id)
        return Activity.of(found) if found else None

    @strawberry.field(description="The generation that is held on the target because it failed; null if none is.")
    async def hold(self, info: Info) -> TargetHold | None:
        row = await info.context.load[hold_by_target].load(self.facts.id)
        return None if row is None else TargetHold.of(row)

    @strawberry.field(description="Whether change windows let the target move to another generation now.")
    async def window(self, info: Info) -> WindowStatus:
        return WindowStatus.of(await info.context.load[window_status_by_target].load(self.facts.id))

    @strawberry.field(
        description="The state of the target in the rollout of the deployment's present generation; null without one."
    )
    async def rollout_state(self, info: Info) -> TargetState | None:
        return await info.context.load[state_by_target].load(self.facts.id)

    @strawberry.field
    async def cluster(self, info: Info) -> Annotated["Cluster", strawberry.lazy("schema.clusters.types")]:
        found: Cluster = await info.context.find("Cluster", self.facts.cluster_id)
        return found

    @strawberry.field
    async def deployment(self, info: Info) -> Annotated["Deployment", strawberry.lazy("schema.deployments.types")]:
        return await self._deployment(info)

    @strawberry.field(
        description=(
            "The desired values of this target: the values of the deployment merged with the override for this cluster."
        )
    )
    async def desired_values(self, info: Info) -> JSON:
        return await self._desired_values(info)

    @strawberry.field(description=AS_YAML)
    async def desired_values_yaml(self, info: Info) -> str:
        return await as_yaml(await self._desired_values(info))

    @strawberry.field(
        metadata=usually(50),
        description=(
            "For each of the desired values, the layer that it comes from and the values of weaker layers that it"
            " hides. With `defaults`, also the values that only the chart's values.yaml has."
        ),
    )
    async def value_origins(self, info: Info, defaults: bool = False) -> list[ValueOrigin]:
        return (await self.explained(info)).shown(with_defaults=defaults)

    async def explained(self, info: Info) -> Explained:
        """The desired values with their origins."""
        deployment = await self._deployment(info)
        revision = await deployment.present_revision(info, self.facts.allowed_generation)
        inputs = await info.context.load[inputs_by_target].load(self.facts.id)
        return Explained(revision, self.cluster_name, inputs, await defaults_of(info, revision))

    async def _values(self, info: Info) -> dict[str, Any] | None:
        return await info.context.load[installed_values_by_target].load(self.facts.id)

    async def _desired_values(self, info: Info) -> Any:
        deployment = await self._deployment(info)
        revision = await deployment.present_revision(info, self.facts.allowed_generation)
        inputs = await info.context.load[inputs_by_target].load(self.facts.id)
        return hidden(desired_release(deployment.row, revision, self.cluster_name, inputs, ANY).values)

    async def _deployment(self, info: Info) -> "Deployment":
        found: Deployment = await info.context.find("Deployment", self.facts.deployment_id)
        return found

    @classmethod
    def of(cls, facts: TargetFacts) -> "DeploymentTarget":
        return cls(
            facts=facts,
            id=encode_id("DeploymentTarget", facts.id),
            cluster_id=encode_id("Cluster", facts.cluster_id),
            deployment_id=encode_id("Deployment", facts.deployment_id),
            cluster_name=facts.cluster_name,
            cloud=facts.cloud,
            distribution=facts.distribution,
            status=facts.status,
            stale=facts.status is TargetStatus.STALE,
            status_since=facts.status_since,
            helm_status=helm_status(facts.helm_status) if facts.helm_status else None,
            version=facts.chart_version,
            revision=facts.revision,
            generation=facts.generation,
            allowed_generation=facts.allowed_generation,
            values_renewed=facts.is_renewed,
            changed_at=facts.changed_at,
            observed_at=facts.observed_at,
            health=facts.health,
            health_since=facts.health_since,
            health_reasons=health_reasons_of(facts.health_reasons),
            resources_left_out=facts.left_out,
            reasons=reasons_of(facts.reasons),
            error=TargetError.of(facts.error),
            next_steps=next_steps_from(facts.status, facts.reachability, facts.error),
        )


@strawberry.type(description="Two targets side by side.")
class TargetComparison:
    a: DeploymentTarget
    b: DeploymentTarget

    @strawberry.field(
        metadata=usually(20),
        description="The paths at which the desired values differ, defaults of the charts included.",
    )
    async def desired(self, info: Info) -> list[ValueDifference]:
        return desired_differences(await self.a.explained(info), await self.b.explained(info))

    @strawberry.field(
        metadata=usually(20),
        description="The paths at which the user-supplied values of the installed releases differ.",
    )
    async def installed(self, info: Info) -> list[ValueDifference]:
        return installed_differences(await self.a.values(info) or {}, await self.b.values(info) or {})
