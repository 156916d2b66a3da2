"""Returns a deployment to an earlier generation, by a new generation with the same desired state."""

from dataclasses import dataclass

from app.core.errors import NotFound
from app.deployments.answer import Answer
from app.deployments.binding import Binding
from app.deployments.codes import DeploymentCode
from app.deployments.given import GivenOverride, GivenSelectorOverride
from app.deployments.progress import Progress
from app.deployments.queries import find_deployment
from app.deployments.services import DeploymentServices
from app.deployments.update import update_deployment
from app.deployments.update_request import UpdateDeployment
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.deployments import DeploymentRevision
from app.tables.operations import OperationKind


@dataclass(frozen=True)
class RollBackDeployment:
    """The request, as the API takes it."""

    id: int
    generation: int
    expected_generation: int | None = None
    confirm_removal: int | None = None
    allow_crd_version_removal: list[str] | None = None
    dry_run: bool = False


async def roll_back_deployment(
    services: DeploymentServices,
    viewer: Viewer,
    request: RollBackDeployment,
    progress: Progress,
    bound: Binding,
) -> Answer:
    """Writes a generation with the chart archive, the values and the targets of an earlier one. Options stay."""
    async with services.database.reading() as session:
        await find_deployment(session, viewer, request.id, Permission.DEPLOYMENTS_WRITE)
        revision = await session.get(DeploymentRevision, (request.id, request.generation))
    if revision is None:
        message = f"The deployment has no generation {request.generation}."
        raise NotFound(DeploymentCode.GENERATION_NOT_FOUND, message, ("generation",))
    if bound.chart_digest is None:
        bound = Binding(revision.chart_digest)
    return await update_deployment(
        services, viewer, _update(request, revision), progress, bound, kind=OperationKind.ROLLBACK
    )


def _update(request: RollBackDeployment, revision: DeploymentRevision) -> UpdateDeployment:
    return UpdateDeployment(
        id=request.id,
        expected_generation=request.expected_generation,
        values=revision.values,
        values_from=list(revision.values_from),
        value_overrides=[
            GivenOverride(name, revision.value_overrides.get(name, {}), None, revision.overrides_from.get(name, []))
            for name in sorted(revision.overriding())
        ],
        selector_overrides=[
            GivenSelectorOverride(one["select"], one["values"], None, one["valuesFrom"])
            for one in revision.selector_overrides
        ],
        targets=revision.targets if revision.target_selector is None else revision.listed_targets,
        target_selector=revision.target_selector,
        confirm_removal=request.confirm_removal,
        allow_crd_version_removal=request.allow_crd_version_removal,
        dry_run=request.dry_run,
    )
