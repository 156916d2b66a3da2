"""Rolls a rollout back: each target that has moved returns to its own last verified generation."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from app.core.transaction import Transaction
from app.delivery.codes import RolloutEvent
from app.delivery.starting import Joining, Origin, end_rollout, write_rollout
from app.delivery.stored import Loaded
from app.delivery.verified import verified
from app.operations.progress import start_operation
from app.rollouts.progress import RolloutState
from app.rollouts.rollback import rollback
from app.rollouts.states import RolloutPhase
from app.tables.deployments import Deployment
from app.tables.operations import OperationKind
from app.tables.rollouts import GenerationHold, Rollout
from app.tables.states import OperationState


async def roll_back(
    transaction: Transaction, loaded: Loaded, state: RolloutState, reason: str, *, author: str | None
) -> Rollout | None:
    """Creates a rollout that returns the targets that have moved, the last wave first, and holds the generation.
    Returns None if no target can return anywhere: then the rollout stays as it is.

    `state` is the rollout as it is now. The caller has locked its row."""
    session, row = transaction.session, loaded.row
    moved = [target_id for target_id, member in state.members.items() if member.moved_at is not None]
    found = await verified(transaction, moved)
    back = rollback(state, {target_id: each.generation for target_id, each in found.items()})
    if not back.waves:
        return None
    deployment = await session.get_one(Deployment, row.deployment_id)
    await hold(transaction, deployment, row.generation, reason, row)
    outcome = OperationState.CANCELLED if row.phase is RolloutPhase.ABORTED else OperationState.FAILED
    await end_rollout(transaction, row, RolloutPhase.ROLLED_BACK, outcome)
    operation = await start_operation(
        *(transaction, deployment, OperationKind.ROLLBACK, {}), author=author, has_rollout=True
    )
    rules = [_rule(loaded.waves[state.members[wave[0]].wave].rule) for wave in back.waves]
    strategy = row.strategy | {"waves": rules, "onNewer": "SUPERSEDE", "rollBackOn": []}
    joining = [
        Joining(
            target_id=target_id,
            cluster_name=loaded.targets[target_id].cluster_name,
            generation=generation,
            inputs=found[target_id].inputs,
            results=found[target_id].results,
            endpoints=found[target_id].endpoints,
            desired_digest=found[target_id].desired_digest,
        )
        for target_id, generation in back.generations.items()
    ]
    waves = {target_id: index for index, wave in enumerate(back.waves) for target_id in wave}
    origin = Origin(author, operation.id, rollback_of=row)
    return await write_rollout(transaction, deployment, strategy, rules, joining, waves, origin)


async def hold(
    transaction: Transaction, deployment: Deployment, generation: int, reason: str, row: Rollout | None
) -> None:
    """Holds a generation: no target moves to it until a user lifts the hold."""
    values = {"deployment_id": deployment.id, "generation": generation, "reason": reason}
    statement = insert(GenerationHold).values(**values, rollout_id=row.id if row else None)
    await transaction.session.execute(
        statement.on_conflict_do_update(
            index_elements=["deployment_id", "generation"], set_={"lifted_at": None, "lifted_by": None}
        )
    )
    transaction.record(
        RolloutEvent.HELD,
        f"Generation {generation} of {deployment.release_name} is held. {reason}",
        organization_id=deployment.organization_id,
        subject=deployment,
        deployment=deployment.release_name,
        generation=generation,
    )


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule of a wave that goes back: nothing delays it, and a target that fails stops no other."""
    without: dict[str, Any] = {"approvals": None, "checksBefore": [], "checks": [], "soak": "0s", "minReady": "0s"}
    return rule | without | {"maxFailures": "100%", "maxDeferred": "100%"}
