import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.core.paging import DEFAULT, Window
from app.deployments import answer, removal
from app.deployments.lists import history_page, operations_page
from app.deployments.packing import unpack
from app.deployments.planning import error_of
from app.releases.references import ANY, hidden
from app.releases.status import helm_status
from app.tables import deployments as tables
from app.tables.charts import ChartArchive
from app.targets.desired import desired_release
from app.targets.queries import TargetFacts
from app.targets.trouble import next_steps_from
from app.yaml.writing import write
from schema.abandoned import AbandonedRelease, abandoned_of
from schema.clusters import Cluster
from schema.connections import Connection, to_connection
from schema.context import Info
from schema.enums import DriftPolicy, NextStep, ReasonCode, ReleaseAction, TargetStatus
from schema.errors import Problem, UserError, to_graphql
from schema.ids import encode_id
from schema.node import Node
from schema.operations import Activity, Operation, TargetError
from schema.scalars import JSON

if TYPE_CHECKING:
    from schema.groups import ClusterGroup


_AS_YAML = "`values` as YAML; empty if there are none."


async def as_yaml(values: Any) -> str:
    return await asyncio.to_thread(write, values) if values else ""


@strawberry.type(description="The values in a YAML text, as Helm reads them.")
class YamlReading:
    values: JSON | None = strawberry.field(
        description="The values; null if the text has problems, `{}` if it is empty."
    )
    problems: list[Problem] = strawberry.field(description="The problems of the text, with line and column.")


@strawberry.type(description="A value from a secret. It is inserted when Helm runs and never shown.")
class ValueFrom:
    secret: str = strawberry.field(description="The secret's name.")
    key: str
    path: str = strawberry.field(description="The path in the values.")


@strawberry.type(description="Values for one cluster, merged over the values of the deployment.")
class ValueOverride:
    cluster: str
    values: JSON
    values_from: list[ValueFrom]

    @strawberry.field(description=_AS_YAML)
    async def values_yaml(self) -> str:
        return await as_yaml(self.values)


@strawberry.type
class StatusCount:
    status: TargetStatus
    count: int


@strawberry.type(description="A reason for a status.")
class StatusReason:
    code: ReasonCode
    message: str
    path: str | None = strawberry.field(description="The path of the differing value.")
    desired: JSON | None
    actual: JSON | None


def reasons_of(reasons: list[dict[str, Any]]) -> list[StatusReason]:
    return [StatusReason(**{**reason, "code": ReasonCode(reason["code"])}) for reason in reasons]


def values_from_of(stored: list[dict[str, str]]) -> list[ValueFrom]:
    return [ValueFrom(**entry) for entry in stored]


def overrides_of(revision: tables.DeploymentRevision) -> list[ValueOverride]:
    return [
        ValueOverride(
            cluster=cluster,
            values=revision.value_overrides.get(cluster, {}),
            values_from=values_from_of(revision.overrides_from.get(cluster, [])),
        )
        for cluster in sorted(revision.overriding())
    ]


@strawberry.type(description="The desired state of one generation.")
class DeploymentRevision:
    generation: int
    author: str | None
    chart_version: str
    values: JSON
    values_from: list[ValueFrom]
    value_overrides: list[ValueOverride]
    targets: list[str]
    created_at: datetime

    @strawberry.field(description=_AS_YAML)
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
            targets=row.targets,
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
            " mostly Helm's status."
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
    observed_at: datetime | None = strawberry.field(description="When `status` was last confirmed.")
    reasons: list[StatusReason] = strawberry.field(
        description="Why the target has its status. Empty only if the status is DEPLOYED."
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

    @strawberry.field(description=_AS_YAML)
    async def values_yaml(self, info: Info) -> str | None:
        values = await self._values(info)
        return None if values is None else await as_yaml(values)

    @strawberry.field(description="The current work on the target; null if there is none.")
    async def activity(self, info: Info) -> Activity | None:
        found = await info.context.load.activity_by_target.load(self.facts.id)
        return Activity.of(found) if found else None

    @strawberry.field
    async def cluster(self, info: Info) -> Cluster:
        row = await info.context.load.cluster_by_id.load(self.facts.cluster_id)
        assert row is not None
        return Cluster.of(row)

    @strawberry.field
    async def deployment(self, info: Info) -> "Deployment":
        return Deployment.of(await self._deployment(info))

    @strawberry.field(
        description=(
            "The desired values of this target: the values of the deployment merged with the override for this cluster."
        )
    )
    async def desired_values(self, info: Info) -> JSON:
        return await self._desired_values(info)

    @strawberry.field(description=_AS_YAML)
    async def desired_values_yaml(self, info: Info) -> str:
        return await as_yaml(await self._desired_values(info))

    async def _values(self, info: Info) -> dict[str, Any] | None:
        return await info.context.load.installed_values_by_target.load(self.facts.id)

    async def _desired_values(self, info: Info) -> Any:
        row = await self._deployment(info)
        revision = await info.context.load.revision_by_deployment.load((row.id, row.generation))
        return hidden(desired_release(row, revision, self.cluster_name, ANY).values)

    async def _deployment(self, info: Info) -> tables.Deployment:
        row = await info.context.load.deployment_by_id.load(self.facts.deployment_id)
        assert row is not None
        return row

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
            changed_at=facts.changed_at,
            observed_at=facts.observed_at,
            reasons=reasons_of(facts.reasons),
            error=TargetError.of(facts.error),
            next_steps=next_steps_from(facts.status, facts.reachability, facts.error),
        )


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
    deleting: bool = strawberry.field(
        description="True while the deployment is being deleted; it disappears once its last release is uninstalled."
    )
    created_at: datetime
    updated_at: datetime

    @strawberry.field
    async def group(self, info: Info) -> Annotated["ClusterGroup", strawberry.lazy("schema.groups")]:
        from schema.groups import ClusterGroup

        row = await info.context.load.group_by_id.load(self.row.group_id)
        assert row is not None
        return ClusterGroup.of(row)

    @strawberry.field(
        description="The current desired state. `targets` also includes targets that are still to be removed."
    )
    async def desired(self, info: Info) -> DeploymentRevision:
        return DeploymentRevision.of(await self._revision(info))

    @strawberry.field(description="The exact chart version, resolved when the deployment was changed.")
    async def chart_version(self, info: Info) -> str:
        return (await self._revision(info)).chart_version

    @strawberry.field
    async def chart_digest(self, info: Info) -> str:
        return (await self._revision(info)).chart_digest

    @strawberry.field(description="The chart's values.yaml, unchanged. Values of the deployment override it.")
    async def default_values(self, info: Info) -> str:
        return (await self._archive(info)).default_values

    @strawberry.field(description="The chart's values.schema.json, if it has one.")
    async def values_schema(self, info: Info) -> JSON | None:
        return (await self._archive(info)).values_schema

    @strawberry.field(description="The values for all targets.")
    async def values(self, info: Info) -> JSON:
        return (await self._revision(info)).values

    @strawberry.field(description=_AS_YAML)
    async def values_yaml(self, info: Info) -> str:
        return await as_yaml((await self._revision(info)).values)

    @strawberry.field(description="The values from secrets for all targets.")
    async def values_from(self, info: Info) -> list[ValueFrom]:
        return values_from_of((await self._revision(info)).values_from)

    @strawberry.field
    async def value_overrides(self, info: Info) -> list[ValueOverride]:
        return overrides_of(await self._revision(info))

    @strawberry.field
    async def targets(self, info: Info, status: list[TargetStatus] | None = None) -> list[DeploymentTarget]:
        targets = await info.context.load.targets_by_deployment.load(self.row.id)
        return [DeploymentTarget.of(facts) for facts in targets if status is None or facts.status in status]

    @strawberry.field(description="The number of targets with each status. It is cheap, also for many targets.")
    async def status_counts(self, info: Info) -> list[StatusCount]:
        counts = await info.context.load.status_counts_by_deployment.load(self.row.id)
        return [StatusCount(status=status, count=counts[status]) for status in TargetStatus if status in counts]

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

    async def _archive(self, info: Info) -> ChartArchive:
        return await info.context.load.archive_by_digest.load((await self._revision(info)).chart_digest)

    async def _revision(self, info: Info) -> tables.DeploymentRevision:
        return await info.context.load.revision_by_deployment.load((self.row.id, self.row.generation))

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
            deleting=row.deleting,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(description="The planned change on one cluster.")
class TargetPlan:
    cluster_name: str
    action: ReleaseAction
    status: TargetStatus
    reasons: list[StatusReason]
    desired_values: JSON
    manifest: str | None

    @strawberry.field(description=_AS_YAML)
    async def desired_values_yaml(self) -> str:
        return await as_yaml(self.desired_values)

    manifest_diff: str | None = strawberry.field(
        description="A unified diff between the installed and the planned manifest."
    )
    warnings: list[str] = strawberry.field(
        description="Warnings of the API server, such as unknown fields, and checks that could not be made."
    )
    error: TargetError | None

    @classmethod
    def of(cls, plan: answer.TargetPlan) -> "TargetPlan":
        return cls(
            cluster_name=plan.cluster_name,
            action=plan.action,
            status=plan.status,
            reasons=[
                StatusReason(
                    code=reason.code,
                    message=reason.message,
                    path=reason.path,
                    desired=reason.desired,
                    actual=reason.actual,
                )
                for reason in plan.reasons
            ],
            desired_values=plan.desired_values,
            manifest=plan.manifest,
            manifest_diff=plan.manifest_diff,
            warnings=list(plan.warnings),
            error=TargetError.of(plan.error),
        )


@strawberry.type(description="The clusters that a change takes out of a deployment's targets or a group's members.")
class Removal:
    count: int
    clusters: list[str] = strawberry.field(description="The names of the unreachable clusters.")
    needs_confirmation: bool = strawberry.field(description="Whether the change needs `confirmRemoval: <count>`.")

    @classmethod
    def of(cls, found: removal.Removal) -> "Removal":
        return cls(count=found.count, clusters=list(found.names), needs_confirmation=found.needs_confirmation)


@strawberry.type(description="What a change would do.")
class DeploymentPlan:
    targets: list[TargetPlan]
    removal: Removal | None = strawberry.field(
        description="The targets that an update would remove; null for other actions."
    )
    changed: bool = strawberry.field(
        description=("Whether the desired state would change. If not, only differences on clusters would be corrected.")
    )

    @classmethod
    def of(cls, found: answer.Answer) -> "DeploymentPlan | None":
        if found.plan is None:
            return None
        return cls(
            targets=[TargetPlan.of(plan) for plan in found.plan],
            removal=Removal.of(found.removal) if found.removal else None,
            changed=found.changed,
        )


@strawberry.type(description="A notice about a chart version. It does not prevent the deployment.")
class ChartNotice:
    code: str = strawberry.field(description='"chart_deprecated" or "chart_republished".')
    message: str


def notices_of(found: answer.Answer) -> list[ChartNotice]:
    return [ChartNotice(code=notice.code, message=notice.message) for notice in found.notices]


@strawberry.type(description="The progress of a plan that takes longer than a request, and then the plan.")
class PlanProgress:
    id: strawberry.ID
    done: int = strawberry.field(description="The number of clusters that are already planned.")
    total: int = strawberry.field(description="The number of clusters to plan; 0 until it is known.")
    finished: bool = strawberry.field(description="Whether `plan` or `error` is available.")
    plan: DeploymentPlan | None
    error: UserError | None = strawberry.field(description="Why the plan failed.")
    notices: list[ChartNotice] = strawberry.field(
        description="Notices about the chart version; empty until the plan is finished."
    )

    @classmethod
    async def of(cls, row: tables.PlanProgress) -> "PlanProgress":
        found = answer.Answer() if row.content is None else await asyncio.to_thread(unpack, row.content)
        error = error_of(row)
        return cls(
            id=encode_id("PlanProgress", row.id),
            done=row.done,
            total=row.total,
            finished=row.finished_at is not None or error is not None,
            plan=DeploymentPlan.of(found),
            error=None if error is None else to_graphql(error),
            notices=notices_of(found),
        )


@strawberry.type
class DeploymentPayload:
    deployment: Deployment | None
    operation: Operation | None = strawberry.field(
        description="The operation that was started; null if nothing changed, and in a dry run."
    )
    plan: DeploymentPlan | None = strawberry.field(
        description="The plan of a dry run, if it was ready in time; see `planProgress`."
    )
    plan_progress: PlanProgress | None = strawberry.field(
        description="On a dry run whose plan takes longer than a request waits (POLYHELM_PLAN_WAIT): ask for it with"
        " the query `planProgress`. It is given up when nobody asks for a minute."
    )
    abandoned: list[AbandonedRelease] = strawberry.field(
        description="The releases that `force` left behind. They may still exist."
    )
    notices: list[ChartNotice] = strawberry.field(
        description=(
            "Notices about the chart version, if the request selects one: on create, and on updates with a version."
        )
    )

    @classmethod
    async def of(cls, found: answer.Answer) -> "DeploymentPayload":
        return cls(
            deployment=Deployment.of(found.deployment) if found.deployment else None,
            operation=Operation.of(found.operation) if found.operation else None,
            plan=DeploymentPlan.of(found),
            plan_progress=await PlanProgress.of(found.progress) if found.progress else None,
            abandoned=abandoned_of(found.abandoned),
            notices=notices_of(found),
        )
