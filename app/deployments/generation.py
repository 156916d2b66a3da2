"""Writes a new generation in one transaction: the revision, the targets, and the operation that applies it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.transaction import Transaction
from app.delivery.generations import NewGeneration, Route, reach_targets, route_of
from app.delivery.starting import Joining, open_rollouts
from app.delivery.target_holds import drop_holds, drop_unwanted_holds, keep_holds
from app.delivery.verified import verify_healthy
from app.deployments.checks import archive_of
from app.deployments.desired_state import DesiredState
from app.deployments.queries import current
from app.groups.facts import cluster_facts
from app.releases.layers import Inputs
from app.releases.release import Desired, covered
from app.releases.remediation import Remediation, Remedy
from app.releases.status import TargetStatus
from app.resources.corrections import end_contests
from app.secrets.queries import marks_by_deployment
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.operations import Operation, OperationKind
from app.tables.targets import OF_GENERATION, Target
from app.targets.abandonment import take_back
from app.targets.desired import inputs_of
from app.targets.judging import judge_targets
from app.targets.locking import lock_targets
from app.targets.queries import targets_with_clusters
from app.targets.waits import review


async def write_generation(
    transaction: Transaction,
    deployment: Deployment,
    state: DesiredState,
    clusters: Mapping[str, Cluster],
    kind: OperationKind,
    *,
    author: str | None,
    allow_crd_version_removal: Sequence[str] = (),
    strategy: Mapping[str, Any] | None = None,
) -> Operation:
    """Writes `state` as the deployment's present generation, whose number is already set. It reaches the targets by the
    `strategy` or, without one, by that of the deployment. If only the targets change, those on which the generation
    is held stay as they are.

    `clusters` has a cluster for each name in the targets. Targets that are no longer wanted stay as orphans until their
    release is uninstalled. The caller has locked the deployment's row.
    """
    session = transaction.session
    session.add(state.revision(deployment.id, deployment.generation, author))
    await session.flush()
    older = await open_rollouts(transaction, deployment.id)
    strategy = deployment.strategy if strategy is None else strategy
    keeps_releases = partial(_keeps_releases, session, deployment, state)
    route = await route_of(transaction, deployment, strategy, older, keeps_releases)
    ours = col(Target.deployment_id) == deployment.id
    await lock_targets(session, ours)
    await session.execute(
        update(Target)
        .where(ours)
        .where(col(Target.cluster_id).not_in([clusters[name].id for name in state.targets]))
        .values(wanted=False)
    )
    await drop_unwanted_holds(transaction, deployment.id)
    kept = await keep_holds(transaction, deployment, keeps_releases)
    if route in (Route.CONTINUED, Route.HELD):
        kept = {}  # no target gets the generation because of this change alone
    rows = await _target_rows(transaction, deployment, state, clusters)
    rows = {name: row for name, row in rows.items() if name not in kept.values()}
    if route is Route.AT_ONCE and Remediation.of_json(deployment.remediation).remedy is Remedy.ROLLBACK:
        await verify_healthy(transaction, deployment.id)
    if rows:
        statement = insert(Target)
        at_once = {name: statement.excluded[name] for name in _OF_GENERATION} if route is Route.AT_ONCE else {}
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["deployment_id", "cluster_id"], set_={"wanted": True} | at_once
            ),
            [row | {"allowed_generation": deployment.generation if at_once else None} for row in rows.values()],
        )
    await take_back(session, deployment)
    present = await target_names(transaction, deployment.id)
    await end_contests(transaction, present)
    reached = {target_id: name for target_id, name in present.items() if target_id not in kept}
    if route is Route.AT_ONCE:
        await drop_holds(transaction, reached)
    new = await _new_generation(transaction, deployment, kind, rows, clusters, reached, author, strategy)
    new = replace(new, allow_crd_version_removal=allow_crd_version_removal)
    operation = await reach_targets(transaction, new, route, older)
    await judge_targets(transaction, target_ids=present)
    if any(inputs.endpoints for inputs in state.inputs.values()):
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
    state = DesiredState.of(archive, revision, staying, marks.get(deployment.id, {}), inputs)
    state = replace(state, overrides={name: layer for name, layer in state.overrides.items() if name not in gone})
    clusters = {cluster.name: cluster for _, cluster in pairs}
    deployment.generation += 1
    deployment.updated_at = now()
    await session.flush()
    return await write_generation(transaction, deployment, state, clusters, OperationKind.UPDATE, author=author)


async def target_names(transaction: Transaction, deployment_id: int) -> dict[int, str]:
    """The cluster name of each target, wanted or not, by the target's id."""
    statement = (
        select(Target.id, Cluster.name)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(Target.deployment_id) == deployment_id)
        .order_by(col(Target.id))
    )
    return dict((await transaction.session.exec(statement)).all())


_OF_GENERATION = (*OF_GENERATION, "allowed_generation", "evaluation_error")
"""The columns of a target that change with its generation."""


async def _keeps_releases(session: AsyncSession, deployment: Deployment, state: DesiredState) -> bool:
    previous = await session.get(DeploymentRevision, (deployment.id, deployment.generation - 1))
    return previous is not None and state.changes_only_targets(previous)


async def _target_rows(
    transaction: Transaction, deployment: Deployment, state: DesiredState, clusters: Mapping[str, Cluster]
) -> dict[str, dict[str, Any]]:
    """The rows of the wanted targets, by the name of the cluster."""
    wanted = {name: state.on(name) for name in state.targets}
    if wanted and (paths := deployment.secret_paths):
        mark = await transaction.fingerprints.mark()
        wanted = {name: covered(desired, paths, mark) for name, desired in wanted.items()}
    return {
        name: _target_row(deployment, desired, clusters[name], state.inputs.get(name))
        for name, desired in wanted.items()
    }


async def _new_generation(
    transaction: Transaction,
    deployment: Deployment,
    kind: OperationKind,
    rows: Mapping[str, dict[str, Any]],
    clusters: Mapping[str, Cluster],
    present: Mapping[int, str],
    author: str | None,
    strategy: Mapping[str, Any] | None,
) -> NewGeneration:
    group = await transaction.session.get(ClusterGroup, deployment.group_id)
    assert group is not None
    joining = [
        Joining(
            target_id=target_id,
            cluster_name=name,
            generation=deployment.generation,
            inputs=rows[name]["inputs"],
            results=rows[name]["results"],
            endpoints=rows[name]["endpoints"],
            desired_digest=rows[name]["desired_digest"],
        )
        for target_id, name in present.items()
        if name in rows
    ]
    return NewGeneration(
        deployment=deployment,
        kind=kind,
        author=author,
        joining=joining,
        clusters=[cluster_facts(clusters[name], group.name) for name in rows],
        targets=present,
        removed={target_id: name for target_id, name in present.items() if name not in rows},
        strategy=strategy,
    )


def _target_row(deployment: Deployment, wanted: Desired, cluster: Cluster, inputs: Inputs | None) -> dict[str, Any]:
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
        "evaluation_error": None,
        "lease_token": 0,
    }
