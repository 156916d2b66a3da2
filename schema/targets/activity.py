"""What is being done with a target."""

from datetime import datetime

import strawberry

from app.targets.activity import Activity as TargetActivity
from schema.relay.ids import encode_id
from schema.targets.enums import ActivityPhase


@strawberry.type(description="A hook of a chart.")
class Hook:
    kind: str
    name: str
    namespace: str
    events: list[str] = strawberry.field(description='When Helm runs the hook, for example "pre-install".')


@strawberry.type(description="A release that is being changed and occupies a slot of its cluster.")
class Occupant:
    deployment_id: strawberry.ID
    release_name: str
    namespace: str
    operation_id: strawberry.ID | None


@strawberry.type(description="The current work on a target.")
class Activity:
    phase: ActivityPhase
    message: str
    operation_id: strawberry.ID
    since: datetime
    until: datetime | None = strawberry.field(
        description="When Helm is stopped at the latest. For RETRYING, the time of the next attempt."
    )
    hook: Hook | None = strawberry.field(description="The running hook, if the phase is HOOK.")
    waits_for: list[Occupant] = strawberry.field(
        description="The releases that occupy the slots of the cluster, if the phase is WAITING_FOR_SLOT."
    )

    @classmethod
    def of(cls, found: TargetActivity) -> "Activity":
        hook = found.hook
        return cls(
            phase=found.phase,
            message=found.message,
            operation_id=encode_id("Operation", found.operation_id),
            since=found.since,
            until=found.until,
            hook=Hook(kind=hook.kind, name=hook.name, namespace=hook.namespace, events=list(hook.events))
            if hook
            else None,
            waits_for=[
                Occupant(
                    deployment_id=encode_id("Deployment", one.deployment_id),
                    release_name=one.release_name,
                    namespace=one.namespace,
                    operation_id=encode_id("Operation", one.operation_id) if one.operation_id else None,
                )
                for one in found.waits_for
            ],
        )
