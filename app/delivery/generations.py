"""How a new generation reaches the targets of a deployment: all at once, or by a rollout.

The desired state of a target is that of its `allowed_generation`. All work on it compares with that, so that nothing
but a rollout moves a target to a generation that the rollout has not reached."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core.errors import Conflict
from app.core.transaction import Transaction
from app.delivery.codes import RolloutCode
from app.delivery.reverting import hold
from app.delivery.starting import Joining, Origin, create_rollout, end_rollout, plan_digest, target_row
from app.jobs.rollouts import wake_rollouts
from app.operations.progress import start_operation
from app.releases.selectors import ClusterFacts
from app.rollouts.states import ENDED, RolloutPhase, TargetState, WaveState
from app.rollouts.strategy import OnNewer, Strategy, WaveRule, rest_after
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationKind
from app.tables.rollouts import GenerationHold, Rollout, RolloutTarget, RolloutWave
from app.tables.states import OperationState
from app.tables.targets import Target


class Route(Enum):
    """How a generation reaches the targets."""

    AT_ONCE = "All targets get it at once."
    WAVES = "A new rollout brings it to the targets."
    CONTINUED = "The rollout of the generation before continues with other targets."
    HELD = "The generation before is held, and this one has the same releases: no target gets it."


@dataclass(frozen=True)
class NewGeneration:
    """The present generation of a deployment, and why there is one. `targets` are all targets, by id with the name of
    the cluster, and `removed` those that are no longer wanted. `strategy` is that of the deployment, or of this change
    alone; without waves, all targets get it at once."""

    deployment: Deployment
    kind: OperationKind
    author: str | None
    joining: Sequence[Joining]
    clusters: Sequence[ClusterFacts]
    targets: Mapping[int, str]
    removed: Mapping[int, str]
    strategy: Mapping[str, Any] | None
    allow_crd_version_removal: Sequence[str] = ()


_RENUMBER = (
    text("UPDATE rollout SET generation = :new WHERE deployment_id = :deployment AND generation = :old"),
    text("""
        UPDATE rollout_target SET generation = :new
        WHERE generation = :old AND rollout_id IN (SELECT id FROM rollout WHERE deployment_id = :deployment)
    """),
    text("""
        UPDATE target SET allowed_generation = :new,
            generation = CASE WHEN generation = :old THEN :new ELSE generation END
        WHERE deployment_id = :deployment AND allowed_generation = :old
    """),
)
_HOLD = select(GenerationHold).where(
    col(GenerationHold.deployment_id) == bindparam("deployment"),
    col(GenerationHold.generation) == bindparam("generation"),
    col(GenerationHold.lifted_at).is_(None),
)


async def held(transaction: Transaction, deployment: Deployment, generation: int) -> GenerationHold | None:
    """The hold of a generation that no user has lifted."""
    given = {"deployment": deployment.id, "generation": generation}
    return (await transaction.session.execute(_HOLD, given)).scalar_one_or_none()


async def route_of(
    transaction: Transaction,
    deployment: Deployment,
    strategy: Mapping[str, Any] | None,
    older: Sequence[Rollout],
    keeps_releases: Callable[[], Awaitable[bool]],
) -> Route:
    """How the present generation reaches the targets by a strategy. `older` are the deployment's open rollouts;
    `keeps_releases` says whether no staying target gets another release than in the generation before."""
    is_held = await held(transaction, deployment, deployment.generation - 1) is not None
    continues = bool(older) and older[-1].phase not in ENDED
    if (is_held or continues) and await keeps_releases():
        return Route.HELD if is_held else Route.CONTINUED
    return Route.WAVES if strategy and strategy["waves"] else Route.AT_ONCE


async def reach_targets(
    transaction: Transaction, new: NewGeneration, route: Route, older: Sequence[Rollout]
) -> Operation:
    """Starts what brings the generation to the targets. With the route AT_ONCE, they have it already.

    The caller has locked the deployment and then `older`, its open rollouts."""
    deployment = new.deployment
    if route is Route.HELD:
        found = await held(transaction, deployment, deployment.generation - 1)
        assert found is not None
        await _renumber(transaction, deployment)
        await hold(transaction, deployment, deployment.generation, found.reason, None)
        return await start_operation(transaction, deployment, new.kind, new.removed, author=new.author)
    if route is Route.CONTINUED:
        return await _continue(transaction, new, older)
    waits = route is Route.WAVES and _policy(deployment, older) is OnNewer.QUEUE
    replaced = [each for each in older if not (waits and each.is_active)]
    for each in replaced:
        await end_rollout(transaction, each, RolloutPhase.SUPERSEDED, OperationState.SUPERSEDED)
    if route is Route.AT_ONCE:
        return await start_operation(
            *(transaction, deployment, new.kind, new.targets),
            author=new.author,
            allow_crd_version_removal=new.allow_crd_version_removal,
        )
    assert new.strategy is not None
    operation = await start_operation(
        *(transaction, deployment, new.kind, new.removed),
        author=new.author,
        allow_crd_version_removal=new.allow_crd_version_removal,
        has_rollout=True,
    )
    origin = Origin(new.author, operation.id, supersedes=replaced[-1] if replaced else None)
    await create_rollout(*(transaction, deployment, dict(new.strategy), new.joining, new.clusters, origin), waits=waits)
    return operation


def _policy(deployment: Deployment, older: Sequence[Rollout]) -> OnNewer:
    """What the strategy of the rollout in progress says about newer generations.

    Raises:
        Conflict: it refuses them.
    """
    running = next((each for each in older if each.is_active and each.phase not in ENDED), None)
    policy = Strategy.of_json(running.strategy).on_newer if running else OnNewer.SUPERSEDE
    if policy is OnNewer.REFUSE:
        message = f"A rollout of {deployment.release_name} is in progress, and its strategy refuses newer changes."
        raise Conflict(RolloutCode.ROLLOUT_IN_PROGRESS, message, ("id",))
    return policy


async def _continue(transaction: Transaction, new: NewGeneration, older: Sequence[Rollout]) -> Operation:
    """Continues the newest open rollout with other targets. Removed ones are skipped; added ones join the last wave
    that has not begun, or else a new last one. Approvals were given for other targets, so they no longer count."""
    session, deployment, row = transaction.session, new.deployment, older[-1]
    await _renumber(transaction, deployment)
    await _skip(transaction, older, new.removed)
    statement = select(col(RolloutTarget.target_id), col(RolloutTarget.wave), col(RolloutTarget.state))
    rows = await session.execute(statement.where(col(RolloutTarget.rollout_id) == row.id))
    present = {target_id: (wave, state) for target_id, wave, state in rows}
    known = {id_ for id_, (_, state) in present.items() if state is not TargetState.SKIPPED}
    added = [each for each in new.joining if each.target_id not in known]
    waves = {id_: wave for id_, (wave, _) in present.items()}
    rules = await _waves(transaction, row, is_needed=bool(added))
    if added:
        last = len(rules) - 1
        waves |= {each.target_id: last for each in added}
        insertion = insert(RolloutTarget).values([target_row(row.id, each, last) for each in added])
        fields = ("target_id", "wave", "generation", "inputs", "results", "endpoints", "desired_digest", "state")
        await session.execute(
            insertion.on_conflict_do_update(
                index_elements=["rollout_id", "cluster_name"],
                set_={name: insertion.excluded[name] for name in fields} | {"moved_at": None, "attempt": 0},
            )
        )
        await session.execute(
            update(Target)
            .where(col(Target.id).in_([each.target_id for each in added]))
            .values(rollout_id=row.id)
            .execution_options(synchronize_session=False)
        )
    row.generation = deployment.generation
    row.budget = Strategy.of_json(row.strategy).budget(len(new.joining))
    row.plan_digest = plan_digest(deployment, rules, new.joining, waves)
    for each in older:
        each.version += 1
    await session.flush()
    await wake_rollouts(transaction, [each.id for each in older])
    operation = await session.get(Operation, row.operation_id) if row.operation_id is not None else None
    if operation is not None and operation.state.is_open and not new.removed:
        return operation
    return await start_operation(transaction, deployment, new.kind, new.removed, author=new.author)


async def _skip(transaction: Transaction, rollouts: Sequence[Rollout], target_ids: Collection[int]) -> None:
    """Skips removed targets. Later steps no longer see those whose release is uninstalled by then."""
    await transaction.session.execute(
        update(RolloutTarget)
        .where(col(RolloutTarget.rollout_id).in_([each.id for each in rollouts]))
        .where(col(RolloutTarget.target_id).in_(list(target_ids)))
        .values(state=TargetState.SKIPPED)
        .execution_options(synchronize_session=False)
    )


async def _renumber(transaction: Transaction, deployment: Deployment) -> None:
    """Gives everything that has the generation before the present one, which has the same releases."""
    given = {"deployment": deployment.id, "old": deployment.generation - 1, "new": deployment.generation}
    for statement in _RENUMBER:
        await transaction.session.execute(statement, given)


async def _waves(transaction: Transaction, row: Rollout, *, is_needed: bool) -> list[dict[str, Any]]:
    """The rules of the waves, of which the last one has not begun if that is needed."""
    statement = select(RolloutWave).where(col(RolloutWave.rollout_id) == row.id).order_by(col(RolloutWave.index))
    stored = list((await transaction.session.execute(statement)).scalars())
    rules = [wave.rule for wave in stored]
    if is_needed and stored[-1].state is not WaveState.PENDING:
        rules.append(rest_after(WaveRule.of_json(rules[-1])).as_json())
        transaction.session.add(RolloutWave(rollout_id=row.id, index=len(rules) - 1, rule=rules[-1]))
        await transaction.session.flush()
    return rules
