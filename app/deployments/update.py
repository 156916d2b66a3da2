"""Changes the desired state of a deployment."""

from dataclasses import dataclass, replace

from sqlmodel import col, select

from app.charts.notices import notices_about
from app.charts.pinning import pin
from app.core.errors import Conflict, all_invalid
from app.core.services import Services
from app.deployments.answer import Answer, earlier_answer
from app.deployments.availability import check_free
from app.deployments.binding import UNBOUND, Binding
from app.deployments.checks import (
    archive_of,
    check_desired_state,
    check_feature,
    definition_problems,
)
from app.deployments.codes import DeploymentCode
from app.deployments.dependencies import (
    check_cycle,
    check_dependencies,
    dependencies_of,
    dependency_warnings,
    resolve,
    unknown_problems,
)
from app.deployments.desired_state import DesiredState
from app.deployments.evaluation import with_inputs
from app.deployments.idempotency import RepeatedRequest, check_repeated, request_digest
from app.deployments.membership import Membership
from app.deployments.options import option_problems, stored_options, strategy_problems
from app.deployments.preview import plan_targets
from app.deployments.progress import Progress
from app.deployments.promoted import Promoted
from app.deployments.proposal import Dependency, Proposal
from app.deployments.queries import current, find_deployment
from app.deployments.removal import Removal
from app.deployments.services import DeploymentServices
from app.deployments.strategies import bind_secrets, check_conditions, strategies_of
from app.deployments.update_desired_state import given_values, updated_state
from app.deployments.update_request import UpdateDeployment, check_generation, unchangeable
from app.deployments.update_writing import MovedOnError, write_update
from app.deployments.warnings import warnings_about
from app.groups.queries import members_of
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.registers.common import CommonCode
from app.secrets.queries import marks_of, referenced, require_use
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.operations import OperationKind
from app.tables.targets import Target

_TRIES = 5  # if other requests keep changing the same deployment


async def update_deployment(
    services: DeploymentServices,
    viewer: Viewer,
    request: UpdateDeployment,
    progress: Progress,
    bound: Binding = UNBOUND,
    *,
    kind: OperationKind = OperationKind.UPDATE,
    promoted: Promoted | None = None,
) -> Answer:
    """Writes a new generation if the request changes the wanted state, and none if it does not. `promoted` says which
    generation of another deployment the new one is a copy of.

    Raises:
        UserError: says what is wrong; nothing is written.
    """
    digest = request_digest("updateDeployment", request)
    try:
        for _ in range(_TRIES):
            try:
                return await _attempt(services, viewer, request, digest, progress, bound, kind, promoted)
            except MovedOnError:
                continue
    except RepeatedRequest as repeated:
        return await earlier_answer(services, repeated)
    raise Conflict(CommonCode.BUSY, "Other requests keep changing this deployment. Try again.", ())


async def _attempt(
    services: DeploymentServices,
    viewer: Viewer,
    request: UpdateDeployment,
    digest: bytes,
    progress: Progress,
    bound: Binding,
    kind: OperationKind,
    promoted: Promoted | None,
) -> Answer:
    read = await _read(services, viewer, request, digest, progress, bound)
    deployment, revision, group = read.deployment, read.revision, read.group
    _check_request(deployment, request)
    for name, value in stored_options(request).items():
        setattr(deployment, name, value)  # of this copy: the plan shows what the request asks for
    await check_conditions(services, deployment.organization_id, strategies_of(request))
    given = await given_values(request)
    depends_on, unknown = await _dependencies(services, deployment, request)
    membership, clusters = _chosen(read, request)
    removal = Removal.between(revision.targets, clusters, services.settings.max_removal)
    if not request.dry_run:
        removal.check(request.confirm_removal, f"targets of {deployment.release_name}")
    pinned = None
    if request.version is not None and bound.chart_digest is None:
        keep = not request.dry_run
        pinned = await pin(services, deployment.organization_id, deployment.chart, request.version, keep=keep)
    known = tuple(clusters) if membership.selector is None else tuple(read.members)
    state = replace(
        updated_state(revision, pinned.archive if pinned else read.archive, request, given, known),
        targets=tuple(clusters),
        membership=membership,
    )
    state, request = await _with_secrets(services, viewer, read, state, request)
    unchanged = state.equals(revision)
    if not unchanged or request.dry_run or bound.is_planned:
        state = await with_inputs(services, deployment, group, state, clusters)
    if not unchanged:
        await check_desired_state(services, deployment.organization_id, state, read.members)
        await _check_new_targets(services, deployment, clusters)
    leaving = await _leaving(services, deployment, clusters) if request.dry_run or bound.is_planned else []
    removable = frozenset(request.allow_crd_version_removal or ())
    proposal = Proposal(deployment, state, clusters, leaving, depends_on, removable)
    if request.dry_run:
        plan = await plan_targets(services, proposal, progress)
        warnings = await warnings_about(services, state)
        warnings += await dependency_warnings(services, proposal, unknown)
        answer = Answer(plan=plan, proposal=proposal, changed=not unchanged, removal=removal, warnings=warnings)
    else:
        await bound.check(proposal)
        answer = await write_update(
            *(services, viewer, request, group, proposal, digest, bound, kind), promoted=promoted, unchanged=unchanged
        )
    return replace(answer, notices=await notices_about(services, pinned)) if pinned else answer


@dataclass(frozen=True)
class _Read:
    """What an attempt begins with: the deployment with its newest revision, its group, the group's members by name, and
    the archive of its chart."""

    deployment: Deployment
    revision: DeploymentRevision
    group: ClusterGroup
    members: dict[str, Cluster]
    archive: ChartArchive


async def _read(
    services: Services, viewer: Viewer, request: UpdateDeployment, digest: bytes, progress: Progress, bound: Binding
) -> _Read:
    async with services.database.reading() as session:
        deployment = await find_deployment(session, viewer, request.id, Permission.DEPLOYMENTS_WRITE)
        progress.allow(deployment.organization_id, deployment.group_id)
        await check_repeated(session, deployment.organization_id, request.idempotency_key, digest)
        revision = await current(session, deployment)
        group = await session.get(ClusterGroup, deployment.group_id)
        assert group is not None
        await check_feature(session, group)
        members = await members_of(session, group.id)
        archive = await archive_of(session, bound.chart_digest or revision.chart_digest)
    return _Read(deployment, revision, group, members, archive)


def _check_request(deployment: Deployment, request: UpdateDeployment) -> None:
    """Checks what needs no other query."""
    check_generation(deployment, request.expected_generation)
    if deployment.deleting:
        raise Conflict(DeploymentCode.BEING_DELETED, f"{deployment.release_name} is being deleted.", ("id",))
    problems = [
        *unchangeable(deployment, request),
        *option_problems(request),
        *strategy_problems(request.strategy_override, "strategyOverride"),
        *definition_problems(request.allow_crd_version_removal),
    ]
    if problems:
        raise all_invalid(problems)


def _chosen(read: _Read, request: UpdateDeployment) -> tuple[Membership, dict[str, Cluster]]:
    """How the targets are chosen, and the clusters that are chosen now."""
    membership = Membership.of(read.revision)
    if request.targets is not None or request.target_selector is not None:
        membership = Membership.given(request.target_selector, request.targets)
    targets = list(read.revision.targets) if request.targets is None else request.targets
    return membership, membership.chosen(read.group, read.members, targets)


async def _with_secrets(
    services: Services, viewer: Viewer, read: _Read, state: DesiredState, request: UpdateDeployment
) -> tuple[DesiredState, UpdateDeployment]:
    """The state with the marks of the secrets that it refers to, and the request with the secrets of its strategies."""
    async with services.database.reading() as session:
        secrets = await referenced(session, read.group, state.references)
        request = replace(request, **await bind_secrets(session, viewer, read.group, strategies_of(request)))
    if not state.changes_only_targets(read.revision):
        # A changed chart or value could reveal the values of secrets, also of those that other users refer to.
        require_use(viewer, read.group.id, secrets)
    return replace(state, marks=marks_of(secrets)), request


async def _dependencies(
    services: DeploymentServices, deployment: Deployment, request: UpdateDeployment
) -> tuple[list[Dependency], list[str]]:
    """What the deployment is to depend on, and the names of deployments that do not exist, which only a dry run has."""
    if request.depends_on is None:
        async with services.database.reading() as session:
            return (await dependencies_of(session, [deployment.id]))[deployment.id], []
    name = deployment.release_name
    await check_dependencies(services, deployment.organization_id, request.depends_on, name)
    async with services.database.reading() as session:
        found = await resolve(session, deployment.group_id, request.depends_on)
        await check_cycle(session, deployment.group_id, name, found[0])
    if found[1] and not request.dry_run:
        raise all_invalid(unknown_problems(request.depends_on, found[1]))
    return found


async def _check_new_targets(
    services: DeploymentServices, deployment: Deployment, clusters: dict[str, Cluster]
) -> None:
    rows = await services.database.rows(
        select(Target.cluster_id).where(col(Target.deployment_id) == deployment.id, col(Target.wanted))
    )
    known = {row[0] for row in rows}
    added = [cluster for cluster in clusters.values() if cluster.id not in known]
    orphans = await services.database.rows(
        select(Target.cluster_id).where(col(Target.deployment_id) == deployment.id, col(Target.claimed))
    )
    # A cluster that is added again before its release was uninstalled still has the release of this deployment.
    ours = {row[0] for row in orphans}
    free = [cluster for cluster in added if cluster.id not in ours]
    names = deployment.namespace, deployment.release_name, deployment.chart_name
    await check_free(services, free, *names, deployment_id=deployment.id)


async def _leaving(services: Services, deployment: Deployment, clusters: dict[str, Cluster]) -> list[Cluster]:
    async with services.database.reading() as session:
        statement = (
            select(Cluster)
            .join(Target, col(Target.cluster_id) == Cluster.id)
            .where(col(Target.deployment_id) == deployment.id)
            .where(col(Cluster.id).not_in([cluster.id for cluster in clusters.values()]))
            .order_by(col(Cluster.name))
        )
        return list((await session.exec(statement)).all())
