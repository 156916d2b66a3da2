"""Writes a new generation in one transaction: the revision, the targets, and the operation that applies it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.core.transaction import Transaction
from app.deployments.checks import archive_of
from app.deployments.queries import current
from app.deployments.state import Wish
from app.operations.progress import start_operation
from app.releases.layers import Inputs
from app.releases.release import Desired, covered
from app.releases.status import TargetStatus
from app.resources.corrections import end_contests
from app.secrets.queries import marks_by_deployment
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationKind
from app.tables.targets import Target
from app.targets.abandonment import take_back
from app.targets.desired import inputs_of
from app.targets.judging import judge_targets
from app.targets.locking import lock_targets
from app.targets.queries import targets_with_clusters
from app.targets.waits import review


async def write_generation(
    transaction: Transaction,
    deployment: Deployment,
    wish: Wish,
    clusters: Mapping[str, Cluster],
    kind: OperationKind,
    *,
    author: str | None,
    allow_crd_version_removal: Sequence[str] = (),
) -> Operation:
    """Writes `wish` as the deployment's present generation, whose number is already set.

    `clusters` has a cluster for each name in the wish's targets. Targets that are no longer wanted stay as orphans
    until their release is uninstalled. The caller has locked the deployment's row.
    """
    session = transaction.session
    session.add(wish.revision(deployment.id, deployment.generation, author))
    await session.flush()
    ours = col(Target.deployment_id) == deployment.id
    await lock_targets(session, ours)
    await session.execute(
        update(Target)
        .where(ours)
        .where(col(Target.cluster_id).not_in([clusters[name].id for name in wish.targets]))
        .values(wanted=False)
    )
    if wish.targets:
        wanted = {name: wish.on(name) for name in wish.targets}
        if paths := deployment.secret_paths:
            mark = await transaction.fingerprints.mark()
            wanted = {name: covered(desired, paths, mark) for name, desired in wanted.items()}
        statement = insert(Target)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["deployment_id", "cluster_id"],
                set_={
                    "wanted": True,
                    "desired_digest": statement.excluded.desired_digest,
                    "inputs": statement.excluded.inputs,
                    "results": statement.excluded.results,
                    "endpoints": statement.excluded.endpoints,
                    "evaluation_error": None,
                },
            ),
            [_target_row(deployment, wanted[name], clusters[name], wish.inputs.get(name)) for name in wish.targets],
        )
    await take_back(session, deployment)
    present = await target_names(transaction, deployment.id)
    await end_contests(transaction, present)
    operation = await start_operation(
        *(transaction, deployment, kind, present),
        author=author,
        allow_crd_version_removal=allow_crd_version_removal,
    )
    await judge_targets(transaction, target_ids=present)
    if any(inputs.endpoints for inputs in wish.inputs.values()):
        # An endpoint may have changed after the expressions were evaluated.
        review(transaction, deployment.organization_id, deployment.id)
    return operation


async def without_clusters(
    transaction: Transaction, deployment: Deployment, gone: set[str], *, author: str | None
) -> Operation | None:
    """Writes a new generation without these clusters as targets; returns None if there is nothing to change.

    The caller has locked the deployment's row.
    """
    session = transaction.session
    revision = await current(session, deployment)
    if deployment.deleting or not gone & set(revision.targets):
        return None
    staying = tuple(name for name in revision.targets if name not in gone)
    archive = await archive_of(session, revision.chart_digest)
    marks = await marks_by_deployment(session, [deployment.id])
    pairs = await targets_with_clusters(session, deployment.id)
    inputs = {cluster.name: inputs_of(target) for target, cluster in pairs if cluster.name in staying}
    wish = Wish.of(archive, revision, staying, marks.get(deployment.id, {}), inputs)
    wish = replace(wish, overrides={name: layer for name, layer in wish.overrides.items() if name not in gone})
    clusters = {cluster.name: cluster for _, cluster in pairs}
    deployment.generation += 1
    deployment.updated_at = now()
    await session.flush()
    return await write_generation(transaction, deployment, wish, clusters, OperationKind.UPDATE, author=author)


async def target_names(transaction: Transaction, deployment_id: int) -> dict[int, str]:
    """The cluster name of each target, wanted or not, by the target's id."""
    statement = (
        select(Target.id, Cluster.name)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(Target.deployment_id) == deployment_id)
        .order_by(col(Target.id))
    )
    return dict((await transaction.session.exec(statement)).all())


def _target_row(deployment: Deployment, wanted: Desired, cluster: Cluster, inputs: Inputs | None) -> dict[str, object]:
    facts = inputs.facts if inputs else None
    return {
        "inputs": facts.as_json() if facts else None,
        "results": dict(inputs.results) if inputs else {},
        "endpoints": [found.as_json() for found in inputs.endpoints] if inputs else [],
        "deployment_id": deployment.id,
        "cluster_id": cluster.id,
        "wanted": True,
        "desired_digest": wanted.digest,
        "secret_paths": deployment.secret_paths,
        "status": TargetStatus.UNKNOWN,
        "reasons": [],
        "status_since": now(),
        "attempts": 0,
        "claimed": False,
        "waits": False,
        "waits_for": [],
        "lease_token": 0,
    }
