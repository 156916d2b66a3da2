"""What a rollout waits for."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.rollouts.states import GateKind
from app.tables import rollouts as tables
from schema.context import Info
from schema.identity.enums import Role
from schema.list_length import usually
from schema.plans.enums import PlanVerdict
from schema.rollouts.checks import CheckRun
from schema.rollouts.enums import GateState
from schema.rollouts.loaders import checks_by_rollout, decisions_by_rollout
from schema.targets.loaders import target_by_id

if TYPE_CHECKING:
    from schema.targets.types import DeploymentTarget


@strawberry.interface(description="Something that a wave of a rollout waits for.")
class Gate:
    stored: strawberry.Private[dict[str, Any]]
    rollout: strawberry.Private[tables.Rollout]
    wave: int = strawberry.field(description="The index of the wave.")
    state: GateState
    since: datetime
    message: str
    next_at: datetime | None = strawberry.field(description="When the gate opens by itself, if that is known.")
    target_count: int = strawberry.field(description="The number of targets that wait; 0 if the whole wave does.")

    @strawberry.field(metadata=usually(3), description="The targets that wait, at most 20.")
    async def targets(self, info: Info) -> list[Annotated["DeploymentTarget", strawberry.lazy("schema.targets.types")]]:
        from schema.targets.types import DeploymentTarget

        found = await info.context.load[target_by_id].load_many(self.stored["targets"])
        return [DeploymentTarget.of(facts) for facts in found if facts is not None]


@strawberry.type(description="The wave has moved, and waits for its soak time.")
class SoakGate(Gate):
    pass


@strawberry.type(description="A user's decision about a wave.")
class GateDecision:
    author: str
    verdict: PlanVerdict
    comment: str | None
    counts: bool = strawberry.field(description="Whether it was given for the present plan of the rollout.")
    created_at: datetime


@strawberry.type(description="The wave begins once enough users have approved it.")
class ApprovalGate(Gate):
    @strawberry.field
    def required(self) -> int:
        return int(self._rule["required"])

    @strawberry.field(description="The role that an approving user must have; null: any that may approve.")
    def role(self) -> Role | None:
        return Role(self._rule["role"]) if self._rule["role"] else None

    @strawberry.field(description="The author of the change cannot approve it.")
    def excludes_author(self) -> bool:
        return True

    @strawberry.field(metadata=usually(2), description="Decisions on this wave, the oldest first.")
    async def decisions(self, info: Info) -> list[GateDecision]:
        rows = await info.context.load[decisions_by_rollout].load(self.rollout.id)
        return [
            GateDecision(
                author=row.author,
                verdict=row.verdict,
                comment=row.comment,
                counts=row.plan_digest == self.rollout.plan_digest,
                created_at=row.created_at,
            )
            for row in rows
            if row.wave == self.wave
        ]

    @property
    def _rule(self) -> dict[str, Any]:
        rule: dict[str, Any] = self.stored["approvals"]
        return rule


@strawberry.type(description="No change window is open for these targets.")
class WindowGate(Gate):
    pass


@strawberry.type(description="The wave waits for a check that has not passed.")
class CheckGate(Gate):
    @strawberry.field(description="The name of the check.")
    def name(self) -> str:
        return str(self.stored["check"])

    @strawberry.field(description="The newest run of the check; null before it begins.")
    async def run(self, info: Info) -> CheckRun | None:
        rows = await info.context.load[checks_by_rollout].load(self.rollout.id)
        runs = [row for row in rows if (row.wave, row.name) == (self.wave, self.stored["check"])]
        return CheckRun.of(runs[-1]) if runs else None


@strawberry.type(description="As many targets are unavailable as the budget allows.")
class CapacityGate(Gate):
    pass


@strawberry.type(description="More targets of the wave are unreachable than it may pass with.")
class UnreachableGate(Gate):
    pass


@strawberry.type(description="Another operation works on these targets.")
class OperationGate(Gate):
    pass


@strawberry.type(description="An earlier rollout of the deployment has not ended.")
class EarlierRolloutGate(Gate):
    pass


_TYPES: dict[str, type[Gate]] = {
    GateKind.APPROVAL: ApprovalGate,
    GateKind.WINDOW: WindowGate,
    GateKind.SOAK: SoakGate,
    GateKind.CHECK: CheckGate,
    GateKind.BUDGET: CapacityGate,
    GateKind.UNREACHABLE: UnreachableGate,
    GateKind.OTHER_OPERATION: OperationGate,
    GateKind.EARLIER_ROLLOUT: EarlierRolloutGate,
}
GATE_TYPES = tuple(_TYPES.values())


def gates_of(row: tables.Rollout) -> list[Gate]:
    """The gates that a rollout waits for."""
    return [
        _TYPES[gate["kind"]](
            stored=gate,
            rollout=row,
            wave=gate["wave"],
            state=GateState(gate["state"]),
            since=datetime.fromisoformat(gate["since"]),
            message=gate["message"],
            next_at=datetime.fromisoformat(gate["until"]) if gate["until"] else None,
            target_count=gate["count"],
        )
        for gate in row.gates
    ]
