"""Promotes a generation of a deployment to another one: by a new generation with the same chart and common values."""

from dataclasses import dataclass, replace

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import Conflict, NotFound, invalid
from app.core.names import some_of
from app.core.services import Services
from app.delivery.verification import why_unverified
from app.deployments.answer import Answer
from app.deployments.binding import UNBOUND, Binding
from app.deployments.codes import DeploymentCode
from app.deployments.progress import Progress
from app.deployments.promoted import Promoted
from app.deployments.queries import find_deployment
from app.deployments.services import DeploymentServices
from app.deployments.update import update_deployment
from app.deployments.update_request import UpdateDeployment
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.operations import OperationKind


@dataclass(frozen=True)
class PromoteDeployment:
    """The request, as the API takes it: `id` is the deployment that is changed. Without a generation, it is the present
    one of the source. A generation that is not verified is promoted only if `unverified` says so. A plan has the name
    of the source."""

    id: int
    source: int
    generation: int | None = None
    unverified: bool = False
    expected_generation: int | None = None
    allow_crd_version_removal: list[str] | None = None
    confirm_removal: int | None = None
    dry_run: bool = False
    source_name: str = ""


async def promote_deployment(
    services: DeploymentServices,
    viewer: Viewer,
    request: PromoteDeployment,
    progress: Progress,
    bound: Binding = UNBOUND,
) -> Answer:
    """Writes a generation with the chart archive and the common values of a generation of another deployment. The
    destination's overrides, targets and options stay.

    Raises:
        Conflict: the generation is not verified.
        UserError: says what else is wrong; nothing is written.
    """
    async with services.database.reading() as session:
        destination = await find_deployment(session, viewer, request.id, Permission.DEPLOYMENTS_WRITE)
        source = await _source(session, request, destination)
        promoted = await _promoted(session, source, request.generation)
        revision = await session.get(DeploymentRevision, (source.id, promoted.generation))
        if revision is None:
            message = f"{promoted.name} has no generation {promoted.generation}."
            raise NotFound(DeploymentCode.GENERATION_NOT_FOUND, message, ("generation",))
        reasons = []
        if not request.unverified:
            reasons = await why_unverified(session, source, revision, was_verified=bound.is_planned)
    if reasons:
        raise Conflict(
            DeploymentCode.GENERATION_NOT_VERIFIED,
            f"Generation {promoted.generation} of {promoted.name} is not verified: {some_of(reasons)}.",
            ("generation",),
        )
    update = UpdateDeployment(
        id=request.id,
        expected_generation=request.expected_generation,
        values=revision.values,
        values_from=list(revision.values_from),
        allow_crd_version_removal=request.allow_crd_version_removal,
        confirm_removal=request.confirm_removal,
        dry_run=request.dry_run,
    )
    if bound.chart_digest is None:
        bound = Binding(revision.chart_digest)
    return await update_deployment(
        services, viewer, update, progress, bound, kind=OperationKind.PROMOTION, promoted=promoted
    )


async def fixed(services: Services, viewer: Viewer, request: PromoteDeployment) -> PromoteDeployment:
    """The request with the generation that it means now, and the name of the source, so that a plan stays as it is."""
    async with services.database.reading() as session:
        destination = await find_deployment(session, viewer, request.id, Permission.DEPLOYMENTS_WRITE)
        promoted = await _promoted(session, await _source(session, request, destination), request.generation)
    return replace(request, generation=promoted.generation, source_name=promoted.name)


async def _source(session: AsyncSession, request: PromoteDeployment, destination: Deployment) -> Deployment:
    found = await session.get(Deployment, request.source)
    if found is None or found.organization_id != destination.organization_id:
        message = "The organization has no such deployment."
        raise NotFound(DeploymentCode.DEPLOYMENT_NOT_FOUND, message, ("source",))
    if found.id == destination.id:
        message = "A deployment cannot be promoted to itself."
        raise invalid(DeploymentCode.PROMOTION_SOURCE, message, "source")
    if found.chart_name != destination.chart_name:
        message = (
            f"{found.release_name} has the chart {found.chart_name}, and {destination.release_name} the chart"
            f" {destination.chart_name}: a deployment's chart cannot be changed."
        )
        raise invalid(DeploymentCode.PROMOTION_SOURCE, message, "source")
    return found


async def _promoted(session: AsyncSession, source: Deployment, generation: int | None) -> Promoted:
    group = await session.get_one(ClusterGroup, source.group_id)
    name = f"{group.name}/{source.release_name}"
    return Promoted(source.id, name, source.generation if generation is None else generation)
