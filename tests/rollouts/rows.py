"""A rollout in the database with everything that one can have, for tests of what is shown of it."""

from typing import Any

from sqlmodel import select

from app.core.transaction import Transaction
from app.rollouts.states import Answer, CheckVerdict, GateKind, GateState, RolloutPhase, TargetState
from app.tables import states
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.rollouts import (
    CheckMeasurement,
    CheckRun,
    GateDecision,
    GenerationHold,
    Rollout,
    RolloutTarget,
    RolloutWave,
)
from app.tables.targets import Target
from schema.relay.ids import encode_id
from tests.stack import Stack

CHECK: dict[str, Any] = {
    "name": "answers",
    "kind": "OBJECT",
    "interval": "30s",
    "count": 1,
    "failureLimit": 0,
    "inconclusiveLimit": 0,
    "errorLimit": 4,
    "spec": {"kind": "Deployment", "name": "web", "passes": "true"},
}
WAVE: dict[str, Any] = {
    "name": "first",
    "select": {},
    "size": "100%",
    "maxConcurrent": "100%",
    "maxFailures": "0",
    "maxDeferred": "10%",
    "minReady": "10s",
    "deadline": "15m",
    "soak": "0s",
    "approvals": {"required": 1, "validFor": "7d", "role": None},
    "checksBefore": [CHECK],
    "checks": [CHECK | {"name": "healthy", "kind": "HEALTH", "spec": {}}],
}
STRATEGY: dict[str, Any] = {
    "waves": [WAVE],
    "maxUnavailable": "25%",
    "onNewer": "SUPERSEDE",
    "rollBackOn": ["CHECK_FAILED"],
}


async def rollout_in(stack: Stack) -> str:
    """The id of a rollout of the only deployment, which waits for every kind of gate."""
    async with stack.services.transaction() as transaction:
        deployment = (await transaction.session.exec(select(Deployment))).one()
        target = (await transaction.session.exec(select(Target))).one()
        return encode_id("Rollout", await _add(transaction, deployment, target))


async def _add(transaction: Transaction, deployment: Deployment, target: Target) -> int:
    session = transaction.session
    deployment.strategy = STRATEGY
    gates = [
        {
            "kind": kind,
            "wave": 0,
            "state": GateState.WAITING,
            "check": "answers" if kind is GateKind.CHECK else None,
            "message": "It waits.",
            "since": now().isoformat(),
            "until": None,
            "targets": [target.id],
            "count": 1,
            "approvals": WAVE["approvals"],
        }
        for kind in GateKind
    ]
    row = Rollout(
        organization_id=deployment.organization_id,
        deployment_id=deployment.id,
        generation=deployment.generation,
        plan_digest="a digest",
        strategy=STRATEGY,
        budget=1,
        phase=RolloutPhase.WAITING,
        author="admin",
        gates=gates,
    )
    session.add(row)
    await session.flush()
    session.add(RolloutWave(rollout_id=row.id, index=0, rule=WAVE))
    session.add(
        RolloutTarget(
            rollout_id=row.id,
            cluster_name="paris",
            target_id=target.id,
            wave=0,
            generation=deployment.generation,
            desired_digest=b"",
            state=TargetState.BEHIND,
            was_available=True,
        )
    )
    session.add(
        GateDecision(
            rollout_id=row.id, wave=0, plan_digest="a digest", author="the-admin", verdict=states.PlanVerdict.APPROVED
        )
    )
    run = CheckRun(rollout_id=row.id, wave=0, name="answers", rule=CHECK, verdict=CheckVerdict.INCONCLUSIVE)
    run.ended_at = now()
    session.add(run)
    await session.flush()
    answer, message = Answer.INCONCLUSIVE, "Neither condition is true."
    clusters = [{"cluster": "paris", "answer": answer, "message": message}]
    session.add(CheckMeasurement(run_id=run.id, number=1, answer=answer, message=message, clusters=clusters))
    session.add(GenerationHold(deployment_id=deployment.id, generation=1, rollout_id=row.id, reason="It failed."))
    return row.id
