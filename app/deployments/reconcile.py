"""Reconciles a deployment's targets, such as after failures or manual changes."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.core.errors import NotFound, Problem, all_invalid
from app.deployments.answer import Answer
from app.deployments.binding import UNBOUND, Binding
from app.deployments.checks import archive_of, definition_problems
from app.deployments.codes import DeploymentCode
from app.deployments.dependencies import dependencies_of
from app.deployments.desired_state import DesiredState
from app.deployments.preview import plan_targets
from app.deployments.progress import Progress
from app.deployments.proposal import Proposal
from app.deployments.queries import current, find_deployment
from app.deployments.services import DeploymentServices
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.operations.progress import start_operation
from app.resources.corrections import end_contests
from app.secrets.queries import marks_by_deployment
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.operations import OperationKind
from app.targets.desired import inputs_of
from app.targets.queries import targets_with_clusters


@dataclass(frozen=True)
class ReconcileDeployment:
    """The request, as the API takes it. Without `targets`, all are meant."""

    id: int
    targets: list[str] | None = None
    skip_hooks: bool = False
    force: bool = False
    allow_crd_version_removal: list[str] | None = None
    dry_run: bool = False


async def reconcile_deployment(
    services: DeploymentServices,
    viewer: Viewer,
    request: ReconcileDeployment,
    progress: Progress,
    bound: Binding = UNBOUND,
) -> Answer:
    """Starts to reconcile all targets, or the named ones; adds none.

    Releases on clusters that are no longer targets are removed; with `force`, those that cannot be removed are left
    behind. With `skip_hooks`, hooks of the chart are not run. A dry run returns the plan.
    """
    if problems := definition_problems(request.allow_crd_version_removal):
        raise all_invalid(problems)
    state = None
    if request.dry_run or bound.is_planned:
        proposal = await _proposal(services, viewer, request, progress)
        state = proposal.desired_state
        if request.dry_run:
            return Answer(plan=await plan_targets(services, proposal, progress), proposal=proposal)
        await bound.check(proposal)
    async with services.transaction() as transaction:
        session = transaction.session
        await find_deployment(session, viewer, request.id, Permission.DEPLOYMENTS_WRITE)
        deployment = await session.get(Deployment, request.id, with_for_update={"key_share": True})
        if deployment is None:
            raise NotFound(DeploymentCode.DEPLOYMENT_NOT_FOUND, "There is no such deployment.", ("id",))
        await bound.begin(transaction, deployment, state)
        pairs = await targets_with_clusters(session, deployment.id)
        chosen = _chosen([cluster for _, cluster in pairs], request.targets)
        names = {target.id: cluster.name for target, cluster in pairs if cluster.name in chosen}
        await end_contests(transaction, names)
        operation = await start_operation(
            *(transaction, deployment, OperationKind.RECONCILE, names),
            author=viewer.name,
            skip_hooks=request.skip_hooks,
            force=request.force,
            allow_crd_version_removal=request.allow_crd_version_removal or (),
        )
        await bound.end(transaction, deployment, operation)
        return Answer(deployment, operation)


async def _proposal(
    services: DeploymentServices, viewer: Viewer, request: ReconcileDeployment, progress: Progress
) -> Proposal:
    async with services.database.reading() as session:
        deployment = await find_deployment(session, viewer, request.id, Permission.DEPLOYMENTS_WRITE)
        progress.allow(deployment.organization_id, deployment.group_id)
        revision = await current(session, deployment)
        pairs = await targets_with_clusters(session, deployment.id)
        archive = await archive_of(session, revision.chart_digest)
        marks = await marks_by_deployment(session, [deployment.id])
        depends_on = (await dependencies_of(session, [deployment.id]))[deployment.id]
    chosen = _chosen([cluster for _, cluster in pairs], request.targets)
    wanted = {c.name: c for target, c in pairs if target.wanted and c.name in chosen}
    leaving = [c for target, c in pairs if not target.wanted and c.name in chosen]
    inputs = {cluster.name: inputs_of(target) for target, cluster in pairs}
    state = DesiredState.of(archive, revision, tuple(wanted), marks.get(deployment.id, {}), inputs)
    removable = frozenset(request.allow_crd_version_removal or ())
    return Proposal(deployment, state, wanted, leaving, depends_on, removable)


def _chosen(clusters: Iterable[Cluster], names: list[str] | None) -> set[str]:
    known = {cluster.name for cluster in clusters}
    if names is None:
        return known
    if unknown := [name for name in names if name not in known]:
        raise all_invalid(
            [Problem(("targets", name), f"{name!r} is not a target of this deployment.") for name in unknown]
        )
    return set(names)
