"""Orders the work on targets by the dependencies between deployments.

A release is installed or upgraded once those that it depends on are ready on its cluster, and removed once those that
depend on it are gone. What it waits for is written to the target, whose work is then not due.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.transaction import Transaction
from app.releases.dependencies import Answer, Need, Other, wait_for, wait_for_removal
from app.releases.status import TargetStatus
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment, DeploymentDependency
from app.tables.operations import KEEPING, Operation, OperationResult
from app.tables.targets import Release, Target
from app.targets.joins import OPEN_RESULT, RELEASE_OF_TARGET
from app.targets.judging import judge_targets
from app.targets.waits import WAITS_FOR_OTHERS, review

_Other = aliased(Target)
_OtherDeployment = aliased(Deployment)
_OtherRelease = aliased(Release)

_OURS = col(Target.deployment_id) == bindparam("deployment")
_IS_CURRENT = (
    select(col(Release.name))
    .join(Deployment, col(Deployment.id) == Target.deployment_id)
    .where(RELEASE_OF_TARGET, col(Release.digest) == Target.desired_digest, col(Release.status) == "deployed")
    .correlate(Target)
    .exists()
)
"""There is nothing to install or upgrade."""
_IS_TOUCHED = (
    select(col(DeploymentDependency.deployment_id))
    .where(
        or_(
            col(DeploymentDependency.deployment_id) == bindparam("deployment"),
            col(DeploymentDependency.depends_on_id) == bindparam("deployment"),
        )
    )
    .limit(1)
)
_NEEDS: Select[*tuple[Any, ...]] = (
    select(
        *(col(Target.id), col(DeploymentDependency.depends_on_id), col(_OtherDeployment.release_name)),
        *(col(Cluster.name), col(DeploymentDependency.condition), col(_Other.status), col(_Other.health)),
        *(col(_OtherRelease.chart_version), col(_OtherRelease.revision)),
    )
    .join(OperationResult, OPEN_RESULT)
    .join(Operation, col(Operation.id) == OperationResult.operation_id)
    .join(Cluster, col(Cluster.id) == Target.cluster_id)
    .join(DeploymentDependency, col(DeploymentDependency.deployment_id) == Target.deployment_id)
    .join(_OtherDeployment, col(_OtherDeployment.id) == DeploymentDependency.depends_on_id)
    .join(
        _Other,
        and_(
            col(_Other.deployment_id) == _OtherDeployment.id,
            col(_Other.cluster_id) == Target.cluster_id,
            col(_Other.wanted),
        ),
        isouter=True,
    )
    .join(
        _OtherRelease,
        and_(
            col(_OtherRelease.cluster_id) == Target.cluster_id,
            col(_OtherRelease.namespace) == _OtherDeployment.namespace,
            col(_OtherRelease.name) == _OtherDeployment.release_name,
        ),
        isouter=True,
    )
    .where(_OURS, col(Target.wanted), col(Target.allowed_generation).is_not(None))
    .where(col(Operation.kind).not_in(KEEPING), ~_IS_CURRENT)
    .order_by(col(Target.id), col(_OtherDeployment.release_name))
)
_DEPENDENTS = (
    select(col(Target.id), col(_OtherDeployment.release_name), col(Cluster.name))
    .join(OperationResult, OPEN_RESULT)
    .join(Operation, col(Operation.id) == OperationResult.operation_id)
    .join(Cluster, col(Cluster.id) == Target.cluster_id)
    .join(DeploymentDependency, col(DeploymentDependency.depends_on_id) == Target.deployment_id)
    .join(_OtherDeployment, col(_OtherDeployment.id) == DeploymentDependency.deployment_id)
    .join(_Other, and_(col(_Other.deployment_id) == _OtherDeployment.id, col(_Other.cluster_id) == Target.cluster_id))
    .where(_OURS, col(Target.wanted).is_(False), col(Operation.force).is_(False))
    .where(col(_Other.status) != TargetStatus.NOT_INSTALLED)
    .order_by(col(Target.id), col(_OtherDeployment.release_name))
)
_WAITING = select(col(Target.id), col(Target.waits_for)).where(_OURS, WAITS_FOR_OTHERS)

Needs = dict[tuple[int, int], Need]
"""What open work needs of other deployments, by target and the other deployment's id."""


async def needs_of(session: AsyncSession, deployment_id: int) -> Needs:
    found: Needs = {}
    rows = await session.execute(_NEEDS, {"deployment": deployment_id})
    for target_id, other_id, name, cluster, condition, status, health, version, revision in rows:
        other = Other(status, health, version, revision) if status is not None else None
        found[target_id, other_id] = Need(name, cluster, other, condition)
    return found


async def order(
    transaction: Transaction, deployment: Deployment, answers: Mapping[tuple[int, int], Answer] | None = None
) -> None:
    """Derives what the open work of a deployment waits for, and wakes what no longer has to wait. The caller has
    locked the targets.

    `answers` are the results of conditions. Without them, work that has a condition waits until it was checked."""
    session = transaction.session
    before = {row[0]: row[1] for row in await session.execute(_WAITING, {"deployment": deployment.id})}
    is_touched = (await session.execute(_IS_TOUCHED, {"deployment": deployment.id})).first() is not None
    if not before and not is_touched:
        return
    waits: dict[int, list[str]] = {}
    for (target_id, other_id), need in (await needs_of(session, deployment.id)).items():
        if message := wait_for(need, (answers or {}).get((target_id, other_id))):
            waits.setdefault(target_id, []).append(message)
    for target_id, dependent, cluster in await session.execute(_DEPENDENTS, {"deployment": deployment.id}):
        waits.setdefault(target_id, []).append(wait_for_removal(dependent, cluster))
    changed = {id_: waits.get(id_, []) for id_ in before.keys() | waits.keys() if waits.get(id_, []) != before.get(id_)}
    if changed:
        await _write(transaction, changed)
        transaction.wake(id_ for id_, messages in changed.items() if not messages)
    if waits and answers is None:
        # What the work waits for may have come after it was read here.
        review(transaction, deployment.organization_id, deployment.id)


async def _write(transaction: Transaction, waits: Mapping[int, list[str]]) -> None:
    rows = [{"id": target_id, "waits_for": messages} for target_id, messages in waits.items()]
    by_key = update(Target).where(col(Target.id).is_not(None)).execution_options(synchronize_session=None)
    await transaction.session.execute(by_key, rows)
    await judge_targets(transaction, target_ids=list(waits))


async def stop_waiting(transaction: Transaction, target_ids: Iterable[int]) -> None:
    """Forgets what work on these targets has waited for that ends now."""
    statement = select(col(Target.id)).where(col(Target.id).in_(list(target_ids)), WAITS_FOR_OTHERS)
    if waiting := (await transaction.session.execute(statement)).scalars().all():
        await _write(transaction, {target_id: [] for target_id in waiting})
