"""Derives the values of targets again when something that they depend on has changed: the labels of a cluster, its
version, the name of its group, or an endpoint of another target. The targets become STALE if their values change by it.

Targets are found by comparing what is stored with the present facts and endpoints, so that no change is missed: what
changes a cluster calls `renew_inputs` at once, a changed endpoint enqueues a job that does, and the housekeeping does
so regularly. A failed evaluation is repeated then, too.
"""

from collections.abc import Iterable, Mapping, Set
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import func, select, update
from sqlmodel import col, or_

from app.core.errors import UserError
from app.core.tenancy import acting_for
from app.core.transaction import Transaction
from app.deployments.checks import archive_of
from app.deployments.codes import DeploymentCode
from app.deployments.desired_state import DesiredState
from app.deployments.evaluation import Evaluation, evaluate
from app.deployments.services import DeploymentServices
from app.groups.facts import cluster_facts
from app.registers.common import CommonCode
from app.releases.endpoints import Endpoint, Endpoints, known, missing
from app.releases.release import covered
from app.releases.selectors import ClusterFacts
from app.resources.endpoints import endpoints_of
from app.secrets.queries import marks_by_deployment
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.targets import Target
from app.targets.desired import inputs_of
from app.targets.joins import GENERATION
from app.targets.judging import judge_targets
from app.targets.locking import lock_targets
from app.targets.queries import targets_with_clusters
from app.targets.waits import waits_of

log = structlog.get_logger()

_MOST = 2000  # targets in one pass
_KEPT = ("inputs", "desired_digest", "results", "endpoints", "renewed_at")
"""What an evaluation writes, and a failed one leaves."""
_PASSING = (CommonCode.BUSY, DeploymentCode.EXPRESSIONS_INTERRUPTED)

_PRESENT_FACTS = func.jsonb_build_object(
    *("name", col(Cluster.name), "cloud", col(Cluster.cloud), "distribution", col(Cluster.distribution)),
    *("region", col(Cluster.region), "labels", col(Cluster.labels)),
    *("kubernetesVersion", col(Cluster.kubernetes_version), "group", col(ClusterGroup.name)),
)
"""`ClusterFacts.as_json`, in Postgres."""

_OUTDATED = (
    select(col(Target.deployment_id), GENERATION, col(Target.id))
    .join(Cluster, col(Cluster.id) == Target.cluster_id)
    .join(Deployment, col(Deployment.id) == Target.deployment_id)
    .join(ClusterGroup, col(ClusterGroup.id) == Deployment.group_id)
    .where(col(Target.wanted), col(Target.inputs).is_not(None))
    .where(
        or_(
            col(Target.inputs) != _PRESENT_FACTS,
            col(Target.evaluation_error).is_not(None),
            func.jsonb_array_length(col(Target.endpoints)) > 0,
        )
    )
    .order_by(col(Target.deployment_id), GENERATION, col(Target.id))
    .limit(_MOST)
)


async def renew_inputs(
    services: DeploymentServices,
    *,
    cluster_ids: Iterable[int] | None = None,
    group_id: int | None = None,
    deployment_id: int | None = None,
) -> None:
    """Renews the inputs of the targets on these clusters, of the deployments of this group, of one deployment, or of
    all targets."""
    statement = _OUTDATED
    if cluster_ids is not None:
        statement = statement.where(col(Target.cluster_id).in_(list(cluster_ids)))
    if group_id is not None:
        statement = statement.where(col(Deployment.group_id) == group_id)
    if deployment_id is not None:
        statement = statement.where(col(Deployment.id) == deployment_id)
    rows = await services.database.rows(statement)
    for (found_id, generation), found in groupby(rows, key=lambda row: (row[0], row[1])):
        await _renew(services, found_id, generation, {target_id for *_, target_id in found})


async def _renew(services: DeploymentServices, deployment_id: int, generation: int, target_ids: Set[int]) -> None:
    """Renews the inputs of targets whose desired state is that of one generation."""
    async with services.database.reading() as session:
        deployment = await session.get(Deployment, deployment_id)
        if deployment is None:
            return
        group = await session.get(ClusterGroup, deployment.group_id)
        assert group is not None
        revision = await session.get_one(DeploymentRevision, (deployment_id, generation))
        archive = await archive_of(session, revision.chart_digest)
        pairs = await targets_with_clusters(session, deployment_id)
        chosen = {cluster.name: target for target, cluster in pairs if target.wanted and target.id in target_ids}
        referred = {one["cluster"] for target in chosen.values() for one in target.endpoints}
        present = await endpoints_of(session, deployment, referred)
    every = {cluster.name: cluster_facts(cluster, group.name) for target, cluster in pairs if target.wanted}
    facts = {name: every[name] for name, target in chosen.items() if _is_outdated(target, every[name], present)}
    if not facts:
        return
    state = DesiredState.of(archive, revision, tuple(every), {}, {})
    error: str | None = None
    try:
        with acting_for(deployment.organization_id):
            evaluation = await evaluate(services, deployment, state, every, facts)
    except UserError as raised:
        if raised.code in _PASSING:
            log.warning("inputs.not_renewed", deployment=deployment_id, code=raised.code)
            return
        evaluation, error = Evaluation(), raised.message
    errors = dict.fromkeys(facts, error) if error else {}
    for failure in evaluation.failures:
        errors.setdefault(failure.cluster or "", f"{failure}.")
    async with services.transaction() as transaction:
        await _write(transaction, revision, facts, evaluation, errors)


def _is_outdated(target: Target, facts: ClusterFacts, present: Endpoints) -> bool:
    """Whether the stored inputs of a target differ from the present ones."""
    stored = inputs_of(target)
    return target.evaluation_error is not None or stored.facts != facts or _have_changed(stored.endpoints, present)


def _have_changed(endpoints: tuple[Endpoint, ...], present: Endpoints) -> bool:
    return endpoints != known((found.reference for found in endpoints), present)


async def _write(
    transaction: Transaction,
    read: DeploymentRevision,
    facts: dict[str, ClusterFacts],
    evaluation: Evaluation,
    errors: Mapping[str, str],
) -> None:
    session = transaction.session
    deployment = await session.get(Deployment, read.deployment_id, with_for_update={"key_share": True})
    if deployment is None:
        return
    await lock_targets(session, col(Target.deployment_id) == deployment.id)
    group = await session.get(ClusterGroup, deployment.group_id, populate_existing=True)
    assert group is not None
    revision = await session.get_one(DeploymentRevision, (deployment.id, read.generation))
    archive = await archive_of(session, revision.chart_digest)
    marks = (await marks_by_deployment(session, [deployment.id])).get(deployment.id, {})
    state = DesiredState.of(archive, revision, tuple(evaluation.inputs), marks, evaluation.inputs)
    referred = {one.reference.cluster for inputs in evaluation.inputs.values() for one in inputs.endpoints}
    present = await endpoints_of(session, deployment, referred)
    mark = await transaction.fingerprints.mark()
    rows: list[dict[str, Any]] = []
    for target, cluster in await targets_with_clusters(session, deployment.id):
        held = facts.get(cluster.name)
        # If the cluster or an endpoint has changed again, the transaction that changed it has it evaluated again.
        if held is None or held != cluster_facts(cluster, group.name) or not target.wanted:
            continue
        if (target.allowed_generation or deployment.generation) != read.generation:
            continue  # it has got another generation, for which everything was evaluated
        inputs = evaluation.inputs.get(cluster.name)
        if inputs is not None and _have_changed(inputs.endpoints, present):
            continue
        if inputs is not None:
            desired = covered(state.on(cluster.name), deployment.secret_paths, mark)
            renewed_at = target.renewed_at if desired.digest == target.desired_digest else now()
            found: dict[str, Any] = {"desired_digest": desired.digest, "renewed_at": renewed_at}
            found |= {"results": dict(inputs.results), "endpoints": [one.as_json() for one in inputs.endpoints]}
            if waits_of(target) and not missing(inputs.endpoints):
                transaction.wake([target.id])
            rows.append({"id": target.id, "inputs": held.as_json(), **found, "evaluation_error": None})
        elif (error := errors.get(cluster.name)) and error != target.evaluation_error:
            kept = {name: getattr(target, name) for name in _KEPT}
            rows.append({"id": target.id, **kept, "evaluation_error": error})
    if rows:
        by_key = update(Target).where(col(Target.id).is_not(None)).execution_options(synchronize_session=None)
        await session.execute(by_key, rows)
        await judge_targets(transaction, target_ids=[row["id"] for row in rows])
