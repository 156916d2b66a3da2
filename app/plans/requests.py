"""The requests that plans are made for: stored as JSON, and carried out as dry runs or in earnest."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from app.deployments.answer import Answer
from app.deployments.binding import Binding
from app.deployments.creation import CreateDeployment, create_deployment
from app.deployments.deletion import DeleteDeployment, delete_deployment
from app.deployments.options import options_as_json
from app.deployments.progress import Progress
from app.deployments.promotion import PromoteDeployment, promote_deployment
from app.deployments.reconcile import ReconcileDeployment, reconcile_deployment
from app.deployments.rollback import RollBackDeployment, roll_back_deployment
from app.deployments.services import DeploymentServices
from app.deployments.update import update_deployment
from app.deployments.update_request import UpdateDeployment
from app.identity.viewer import Viewer
from app.rollouts.stored_form import as_shown
from app.tables.plans import PlanKind

Request = (
    CreateDeployment
    | UpdateDeployment
    | ReconcileDeployment
    | DeleteDeployment
    | RollBackDeployment
    | PromoteDeployment
)

_TYPES: Mapping[PlanKind, type[Request]] = {
    PlanKind.CREATE: CreateDeployment,
    PlanKind.UPDATE: UpdateDeployment,
    PlanKind.RECONCILE: ReconcileDeployment,
    PlanKind.DELETE: DeleteDeployment,
    PlanKind.ROLLBACK: RollBackDeployment,
    PlanKind.PROMOTE: PromoteDeployment,
}
_SWITCHES = ("skip_hooks", "force", "allow_crd_version_removal", "unverified")
"""What applies to one change only."""


def kind_of(request: Request) -> PlanKind:
    return next(kind for kind, found in _TYPES.items() if isinstance(request, found))


def stored(request: Request) -> bytes:
    """The request as JSON. Idempotency keys do not belong to a plan, which is applied once anyway."""
    if isinstance(request, CreateDeployment | UpdateDeployment):
        request = replace(request, idempotency_key=None)
    return TypeAdapter(type(request)).dump_json(request)


def request_of(kind: PlanKind, content: bytes) -> Request:
    """The request that was stored."""
    found: Request = TypeAdapter(_TYPES[kind]).validate_json(content)
    return found


def options_of(request: Request) -> dict[str, Any]:
    """The options and switches that a request sets, as JSON. A new deployment has all options."""
    switches = {name: value for name in _SWITCHES if (value := getattr(request, name, None)) is not None}
    if (strategy := getattr(request, "strategy_override", None)) is not None:
        switches["strategy_override"] = as_shown(strategy)
    if isinstance(request, PromoteDeployment):
        switches["promoted_from"] = f"{request.source_name}, generation {request.generation}"
    return options_as_json(request) | switches


def confirmed(request: Request, removal: int | None) -> Request:
    """The request with the confirmation of a removal, if it can have one."""
    if removal is None or not isinstance(request, UpdateDeployment | RollBackDeployment | PromoteDeployment):
        return request
    return replace(request, confirm_removal=removal)


async def carry_out(
    services: DeploymentServices, viewer: Viewer, request: Request, progress: Progress, bound: Binding, *, dry_run: bool
) -> Answer:
    """Carries out a request, or only plans it.

    Raises:
        UserError: says what is wrong; nothing is written.
    """
    request = replace(request, dry_run=dry_run)
    if isinstance(request, CreateDeployment):
        return await create_deployment(services, viewer, request, progress, bound)
    if isinstance(request, UpdateDeployment):
        return await update_deployment(services, viewer, request, progress, bound)
    if isinstance(request, ReconcileDeployment):
        return await reconcile_deployment(services, viewer, request, progress, bound)
    if isinstance(request, DeleteDeployment):
        return await delete_deployment(services, viewer, request, progress, bound)
    if isinstance(request, PromoteDeployment):
        return await promote_deployment(services, viewer, request, progress, bound)
    return await roll_back_deployment(services, viewer, request, progress, bound)
