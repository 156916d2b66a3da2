"""The objects of releases on clusters, and their health."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.resources.queries import ResourceFacts
from schema.context import Info
from schema.list_length import usually
from schema.resources.drift import CONTESTED, FieldDifference
from schema.resources.enums import DriftState, Health, ResourceOrigin

if TYPE_CHECKING:
    from schema.targets.types import DeploymentTarget


@strawberry.type(description="A resource that keeps a target from being HEALTHY, or that cannot be checked.")
class HealthReason:
    kind: str
    namespace: str | None
    name: str
    health: Health
    reason: str | None
    message: str | None


def health_reasons_of(reasons: list[dict[str, Any]]) -> list[HealthReason]:
    return [
        HealthReason(**{**each, "health": Health(each["health"]), "namespace": each["namespace"] or None})
        for each in reasons
    ]


@strawberry.type(description="An object of a release on a cluster, as last seen there.")
class LiveResource:
    facts: strawberry.Private[ResourceFacts]
    api_version: str
    kind: str
    namespace: str | None
    name: str
    origin: ResourceOrigin
    cluster_name: str
    health: Health
    reason: str | None = strawberry.field(description="A word for the cause, for example CrashLoopBackOff.")
    message: str | None
    since: datetime = strawberry.field(description="When the health last changed.")
    observed_at: datetime | None = strawberry.field(description="When the resource last looked different.")
    images: list[str] = strawberry.field(metadata=usually(1), description="The images of its containers.")
    addresses: list[str] = strawberry.field(
        metadata=usually(1), description="Hosts and addresses at which it can be reached."
    )
    drift: DriftState
    drift_reason: str | None = strawberry.field(description="Why the object cannot be compared.")
    differences: list[FieldDifference] = strawberry.field(
        metadata=usually(1), description="The fields that differ from the release's manifest, by path."
    )
    differences_left_out: int = strawberry.field(description="The number of differences that are not listed.")
    contested_until: datetime | None = strawberry.field(description=CONTESTED)

    @strawberry.field(description="The target to which the resource belongs.")
    async def target(self, info: Info) -> Annotated["DeploymentTarget", strawberry.lazy("schema.targets.types")] | None:
        found: DeploymentTarget | None = await info.context.find("DeploymentTarget", self.facts.row.target_id)
        return found

    @classmethod
    def of(cls, facts: ResourceFacts) -> "LiveResource":
        row = facts.row
        return cls(
            facts=facts,
            api_version=f"{row.api_group}/{row.api_version}" if row.api_group else row.api_version,
            kind=row.kind,
            namespace=row.namespace or None,
            name=row.name,
            origin=row.origin,
            cluster_name=facts.cluster_name,
            health=facts.health,
            reason=facts.reason,
            message=facts.message,
            since=row.since,
            observed_at=row.observed_at,
            images=row.images,
            addresses=list(dict.fromkeys((*row.hosts, *row.addresses))),
            drift=facts.drift,
            drift_reason=row.drift_reason if facts.drift is DriftState.NOT_CHECKED else None,
            differences=[FieldDifference.of(each) for each in row.differences] if facts.shows_differences else [],
            differences_left_out=row.differences_left_out if facts.shows_differences else 0,
            contested_until=row.contested_until if facts.is_known else None,
        )
