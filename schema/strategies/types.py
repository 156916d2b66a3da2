"""The strategy of rollouts, as it is shown."""

from datetime import datetime
from typing import Any

import strawberry

from app.rollouts.stored_form import shown_spec
from app.tables import rollouts as tables
from app.tables.identity import Role
from schema.list_length import usually
from schema.scalars import JSON
from schema.selectors.types import ClusterSelector
from schema.strategies.enums import CheckKind, Ending, OnNewer

DURATION = "Such as `30s`, `15m`, `1h30m` or `7d`."
AMOUNT = "A number of targets such as `5`, or a percentage such as `10%`, which is rounded down."


@strawberry.type(description="How many users must approve before a wave begins.")
class ApprovalRule:
    required: int
    valid_for: str = strawberry.field(description="How long an approval counts. " + DURATION)
    role: Role | None = strawberry.field(description="The role that an approving user must have; null: any that may.")


@strawberry.type(description="A check before or after a wave.")
class CheckRule:
    name: str
    kind: CheckKind
    interval: str = strawberry.field(description="The time between two measurements. " + DURATION)
    count: int = strawberry.field(description="The number of measurements with a result after which it has PASSED.")
    failure_limit: int = strawberry.field(description="With more failed measurements, it has FAILED.")
    inconclusive_limit: int = strawberry.field(description="With more inconclusive measurements, it is INCONCLUSIVE.")
    error_limit: int = strawberry.field(description="With more errors in a row, it ends as ERROR.")
    spec: JSON = strawberry.field(description="What is measured, as in the input.")

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "CheckRule":
        return cls(
            name=stored["name"],
            kind=CheckKind(stored["kind"]),
            interval=stored["interval"],
            count=stored["count"],
            failure_limit=stored["failureLimit"],
            inconclusive_limit=stored["inconclusiveLimit"],
            error_limit=stored["errorLimit"],
            spec=shown_spec(stored["spec"]),
        )


@strawberry.type(description="The rule of one wave.")
class WaveRule:
    name: str
    select: ClusterSelector
    size: str = strawberry.field(description="The most targets that the wave takes. " + AMOUNT)
    max_concurrent: str = strawberry.field(description="The targets of the wave that move at once. " + AMOUNT)
    max_failures: str = strawberry.field(description="With more failed targets, the rollout fails. " + AMOUNT)
    max_deferred: str = strawberry.field(description="The unreachable targets with which the wave may pass. " + AMOUNT)
    min_ready: str = strawberry.field(description="How long a target must be healthy to be READY. " + DURATION)
    deadline: str = strawberry.field(description="How long a target may take to be READY. " + DURATION)
    soak: str = strawberry.field(description="How long to wait after the last target of the wave. " + DURATION)
    approvals: ApprovalRule | None
    checks_before: list[CheckRule] = strawberry.field(
        metadata=usually(1), description="The checks that have to pass before the wave begins."
    )
    checks: list[CheckRule] = strawberry.field(metadata=usually(1), description="The checks after the wave.")

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "WaveRule":
        approvals = stored["approvals"]
        return cls(
            name=stored["name"],
            select=ClusterSelector.of(stored["select"]),
            size=stored["size"],
            max_concurrent=stored["maxConcurrent"],
            max_failures=stored["maxFailures"],
            max_deferred=stored["maxDeferred"],
            min_ready=stored["minReady"],
            deadline=stored["deadline"],
            soak=stored["soak"],
            approvals=ApprovalRule(
                required=approvals["required"],
                valid_for=approvals["validFor"],
                role=Role(approvals["role"]) if approvals["role"] else None,
            )
            if approvals
            else None,
            checks_before=[CheckRule.of(check) for check in stored.get("checksBefore", ())],
            checks=[CheckRule.of(check) for check in stored.get("checks", ())],
        )


@strawberry.type(
    description="How a change reaches the targets: in waves, one after the other. Targets that no wave takes form a"
    " last wave `rest`."
)
class RolloutStrategy:
    waves: list[WaveRule] = strawberry.field(metadata=usually(5))
    max_unavailable: str = strawberry.field(
        description="The targets of the deployment that may be unavailable at once because of the rollout, in all waves"
        " together, at least one. " + AMOUNT
    )
    on_newer: OnNewer
    roll_back_on: list[Ending] = strawberry.field(
        metadata=usually(1), description="A rollout that ends for one of these reasons is rolled back."
    )

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "RolloutStrategy":
        return cls(
            waves=[WaveRule.of(wave) for wave in stored["waves"]],
            max_unavailable=stored["maxUnavailable"],
            on_newer=OnNewer(stored["onNewer"]),
            roll_back_on=[Ending(one) for one in stored["rollBackOn"]],
        )


@strawberry.type(description="A generation that no target moves to until a user lifts the hold.")
class GenerationHold:
    generation: int
    reason: str
    created_at: datetime

    @classmethod
    def of(cls, row: tables.GenerationHold) -> "GenerationHold":
        return cls(generation=row.generation, reason=row.reason, created_at=row.created_at)
