"""Rollouts, their waves and their targets."""

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.core.paging import DEFAULT, Window
from app.delivery.queries import targets_page
from app.tables import rollouts as tables
from schema.context import Info
from schema.deployments.loaders import deployment_by_id
from schema.list_length import usually
from schema.operations.loaders import operation_by_id
from schema.operations.types import Operation
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.rollouts.checks import CheckRun, WaveCheck
from schema.rollouts.enums import RolloutPhase, WaveState
from schema.rollouts.gates import Gate, gates_of
from schema.rollouts.loaders import (
    checks_by_rollout,
    costing_by_rollout,
    rollout_by_id,
    rollout_superseding,
    state_counts_by_rollout,
    waves_by_rollout,
)
from schema.strategies.enums import Ending, TargetState
from schema.strategies.types import RolloutStrategy, WaveRule
from schema.targets.loaders import target_by_id

if TYPE_CHECKING:
    from schema.deployments.types import Deployment
    from schema.plans.types import Plan
    from schema.targets.types import DeploymentTarget


@strawberry.type(description="The number of targets in a state.")
class RolloutCount:
    state: TargetState
    count: int


@strawberry.type(description="The targets that may be unavailable at once because of the rollout.")
class Budget:
    row: strawberry.Private[tables.Rollout]
    max_unavailable: int

    @strawberry.field(description="The number of targets that are unavailable because of the rollout.")
    async def in_use(self, info: Info) -> int:
        return len(await info.context.load[costing_by_rollout].load(self.row.id))

    @strawberry.field(metadata=usually(5), description="The targets that are unavailable because of the rollout.")
    async def by(self, info: Info) -> list[Annotated["DeploymentTarget", strawberry.lazy("schema.targets.types")]]:
        from schema.targets.types import DeploymentTarget

        ids = await info.context.load[costing_by_rollout].load(self.row.id)
        found = await info.context.load[target_by_id].load_many(ids)
        return [DeploymentTarget.of(facts) for facts in found if facts is not None]


@strawberry.type(description="A target in a rollout.")
class RolloutTarget:
    row: strawberry.Private[tables.RolloutTarget]
    cluster_name: str
    wave: int
    state: TargetState
    generation: int = strawberry.field(description="The generation that the target moves to.")
    attempt: int = strawberry.field(description="How often the rollout has moved the target.")
    moved_at: datetime | None
    due_at: datetime | None = strawberry.field(description="When the target must be ready.")
    ready_at: datetime | None = strawberry.field(description="Since when the target is ready.")

    @strawberry.field(description="The target; null if it was removed.")
    async def target(self, info: Info) -> Annotated["DeploymentTarget", strawberry.lazy("schema.targets.types")] | None:
        from schema.targets.types import DeploymentTarget

        if self.row.target_id is None:
            return None
        facts = await info.context.load[target_by_id].load(self.row.target_id)
        return DeploymentTarget.of(facts) if facts is not None else None

    @strawberry.field(description="The operation that moves the target; null before it moves.")
    async def operation(self, info: Info) -> Operation | None:
        if self.row.operation_id is None:
            return None
        row = await info.context.load[operation_by_id].load(self.row.operation_id)
        return Operation.of(row) if row else None

    @classmethod
    def of(cls, row: tables.RolloutTarget) -> "RolloutTarget":
        return cls(
            row=row,
            cluster_name=row.cluster_name,
            wave=row.wave,
            state=row.state,
            generation=row.generation,
            attempt=row.attempt,
            moved_at=row.moved_at,
            due_at=row.due_at,
            ready_at=row.ready_at,
        )


@strawberry.type(description="A wave of a rollout.")
class Wave:
    row: strawberry.Private[tables.RolloutWave]
    rollout: strawberry.Private[tables.Rollout]
    index: int
    name: str
    state: WaveState
    rule: WaveRule
    started_at: datetime | None
    settled_at: datetime | None = strawberry.field(description="Since when all its targets have a result.")
    passed_at: datetime | None

    @strawberry.field(metadata=usually(1), description="What this wave waits for.")
    def gates(self) -> list[Gate]:
        return [gate for gate in gates_of(self.rollout) if gate.wave == self.index]

    @strawberry.field(metadata=usually(1), description="The checks before and after the wave.")
    async def checks(self, info: Info) -> list[WaveCheck]:
        rows = await info.context.load[checks_by_rollout].load(self.rollout.id)
        runs = {row.name: CheckRun.of(row) for row in rows if row.wave == self.index}  # the newest one of each name
        before, after = self.rule.checks_before, self.rule.checks
        return [WaveCheck(rule=rule, is_before=True, run=runs.get(rule.name)) for rule in before] + [
            WaveCheck(rule=rule, is_before=False, run=runs.get(rule.name)) for rule in after
        ]

    @strawberry.field(metadata=usually(3), description="The number of targets of the wave by state.")
    async def counts(self, info: Info) -> list[RolloutCount]:
        found = await info.context.load[state_counts_by_rollout].load(self.rollout.id)
        counts = found.get(self.index, Counter())
        return [RolloutCount(state=state, count=counts[state]) for state in TargetState if state in counts]

    @strawberry.field(description="The targets of the wave by the name of the cluster.")
    async def targets(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[RolloutTarget]:
        window = Window.of(first, after)
        page = await targets_page(info.context.services, self.rollout.id, self.index, window)
        return to_connection(page, RolloutTarget.of)


@strawberry.type(description="The change of a deployment's targets to one generation, in waves.")
class Rollout(Node):
    row: strawberry.Private[tables.Rollout]
    generation: int = strawberry.field(
        description="The generation that the targets move to. A rollback returns each target to its own last verified"
        " generation; this is then the generation that they leave."
    )
    plan_digest: str = strawberry.field(description="Approvals are given for it.")
    phase: RolloutPhase
    ending: Ending | None = strawberry.field(description="Why it has failed or was aborted by itself.")
    is_expedited: bool = strawberry.field(description="Whether soak times and approvals are skipped.")
    expedite_reason: str | None
    author: str | None
    next_at: datetime | None = strawberry.field(description="When time alone changes something next.")
    created_at: datetime
    ended_at: datetime | None

    @strawberry.field
    async def deployment(self, info: Info) -> Annotated["Deployment", strawberry.lazy("schema.deployments.types")]:
        from schema.deployments.types import Deployment

        row = await info.context.load[deployment_by_id].load(self.row.deployment_id)
        assert row is not None
        return Deployment.of(row)

    @strawberry.field(description="The plan that was applied; null if the change was made without one.")
    async def plan(self, info: Info) -> Annotated["Plan", strawberry.lazy("schema.plans.types")] | None:
        from schema.plans.loaders import plan_by_id
        from schema.plans.types import Plan

        if self.row.plan_id is None:
            return None
        row = await info.context.load[plan_by_id].load(self.row.plan_id)
        return Plan.of(row) if row else None

    @strawberry.field(description="The operation that ends when the rollout does.")
    async def operation(self, info: Info) -> Operation | None:
        if self.row.operation_id is None:
            return None
        row = await info.context.load[operation_by_id].load(self.row.operation_id)
        return Operation.of(row) if row else None

    @strawberry.field
    def strategy(self) -> RolloutStrategy:
        return RolloutStrategy.of(self.row.strategy)

    @strawberry.field(metadata=usually(2), description="What the rollout waits for.")
    def waiting_for(self) -> list[Gate]:
        return gates_of(self.row)

    @strawberry.field(metadata=usually(5))
    async def waves(self, info: Info) -> list[Wave]:
        return [self._wave(row) for row in await info.context.load[waves_by_rollout].load(self.row.id)]

    @strawberry.field(description="The wave with this index; null if there is none.")
    async def wave(self, info: Info, index: int) -> Wave | None:
        rows = await info.context.load[waves_by_rollout].load(self.row.id)
        return next((self._wave(row) for row in rows if row.index == index), None)

    @strawberry.field
    def budget(self) -> Budget:
        return Budget(row=self.row, max_unavailable=self.row.budget)

    @strawberry.field(metadata=usually(4), description="The number of targets by state.")
    async def counts(self, info: Info) -> list[RolloutCount]:
        waves = (await info.context.load[state_counts_by_rollout].load(self.row.id)).values()
        counts = {state: sum(wave.get(state, 0) for wave in waves) for state in TargetState}
        return [RolloutCount(state=state, count=count) for state, count in counts.items() if count]

    @strawberry.field(description="The rollout that this one has superseded.")
    async def supersedes(self, info: Info) -> "Rollout | None":
        return await self._other(info, self.row.supersedes_id)

    @strawberry.field(description="The rollout that has superseded this one.")
    async def superseded_by(self, info: Info) -> "Rollout | None":
        row = await info.context.load[rollout_superseding].load(self.row.id)
        return Rollout.of(row) if row else None

    @strawberry.field(description="The rollout that this one rolls back.")
    async def rollback_of(self, info: Info) -> "Rollout | None":
        return await self._other(info, self.row.rollback_of_id)

    def _wave(self, row: tables.RolloutWave) -> Wave:
        return Wave(
            row=row,
            rollout=self.row,
            index=row.index,
            name=row.rule["name"],
            state=row.state,
            rule=WaveRule.of(row.rule),
            started_at=row.started_at,
            settled_at=row.settled_at,
            passed_at=row.passed_at,
        )

    async def _other(self, info: Info, number: int | None) -> "Rollout | None":
        row = None if number is None else await info.context.load[rollout_by_id].load(number)
        return Rollout.of(row) if row else None

    @classmethod
    def of(cls, row: tables.Rollout) -> "Rollout":
        return cls(
            row=row,
            id=encode_id("Rollout", row.id),
            generation=row.generation,
            plan_digest=row.plan_digest,
            phase=row.phase,
            ending=row.ending,
            is_expedited=row.is_expedited,
            expedite_reason=row.expedite_reason,
            author=row.author,
            next_at=row.next_at,
            created_at=row.created_at,
            ended_at=row.ended_at,
        )
