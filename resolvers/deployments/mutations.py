"""Creates, updates, reconciles and deletes deployments."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import strawberry

from app.deployments.answer import Answer
from app.deployments.creation import create_deployment
from app.deployments.deletion import delete_deployment
from app.deployments.planning import plan_in_time
from app.deployments.progress import Progress
from app.deployments.promotion import promote_deployment
from app.deployments.reconcile import reconcile_deployment
from app.deployments.update import update_deployment
from app.identity.permissions import Permission
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.deployments import inputs, payloads, requests
from schema.deployments.payloads import DeploymentPayload


async def _payload(
    info: Info, act: Callable[[Progress], Coroutine[Any, Any, Answer]], *, dry_run: bool | None
) -> DeploymentPayload:
    context = info.context
    answer = await (plan_in_time(context.services, context.viewer, act) if dry_run else act(Progress()))
    return await DeploymentPayload.of(answer)


@strawberry.type
class Mutations:
    @mutation("Creates a deployment and installs its release on every target.", Permission.DEPLOYMENTS_WRITE)
    async def create_deployment(
        self,
        info: Info,
        input: inputs.CreateDeploymentInput,  # noqa: A002
    ) -> payloads.CreateDeploymentResult:
        act = partial(create_deployment, info.context.services, info.context.viewer, requests.create(input))
        return await _payload(info, act, dry_run=input.dry_run)

    @mutation("Changes the desired state of a deployment and applies it to every target.", Permission.DEPLOYMENTS_WRITE)
    async def update_deployment(
        self,
        info: Info,
        input: inputs.UpdateDeploymentInput,  # noqa: A002
    ) -> payloads.UpdateDeploymentResult:
        act = partial(update_deployment, info.context.services, info.context.viewer, requests.update(input))
        return await _payload(info, act, dry_run=input.dry_run)

    @mutation(
        "Copies the chart version and the common values of a verified generation of another deployment.",
        Permission.DEPLOYMENTS_WRITE,
    )
    async def promote_deployment(
        self,
        info: Info,
        input: inputs.PromoteDeploymentInput,  # noqa: A002
    ) -> payloads.PromoteDeploymentResult:
        act = partial(promote_deployment, info.context.services, info.context.viewer, requests.promote(input))
        return await _payload(info, act, dry_run=input.dry_run)

    @mutation(
        "Makes every target match the desired state. Targets that already match are not touched.",
        Permission.DEPLOYMENTS_WRITE,
    )
    async def reconcile_deployment(
        self,
        info: Info,
        input: inputs.ReconcileDeploymentInput,  # noqa: A002
    ) -> payloads.ReconcileDeploymentResult:
        act = partial(reconcile_deployment, info.context.services, info.context.viewer, requests.reconcile(input))
        return await _payload(info, act, dry_run=input.dry_run)

    @mutation("Uninstalls the release from every target. The deployment is then deleted.", Permission.DEPLOYMENTS_WRITE)
    async def delete_deployment(
        self,
        info: Info,
        input: inputs.DeleteDeploymentInput,  # noqa: A002
    ) -> payloads.DeleteDeploymentResult:
        act = partial(delete_deployment, info.context.services, info.context.viewer, requests.delete(input))
        return await _payload(info, act, dry_run=input.dry_run)
