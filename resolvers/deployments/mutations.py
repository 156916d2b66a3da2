"""Creating, updating, reconciling and deleting deployments."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import strawberry

from app.deployments.answer import Answer
from app.deployments.creation import CreateDeployment, create_deployment
from app.deployments.deletion import delete_deployment
from app.deployments.given import GivenOverride, GivenSelectorOverride
from app.deployments.planning import plan_in_time
from app.deployments.progress import Progress
from app.deployments.reconcile import reconcile_deployment
from app.deployments.update import UpdateDeployment, update_deployment
from app.drift.rules import GivenRule
from app.identity.permissions import Permission
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.deployments import inputs, payloads
from schema.deployments.inputs import stored_selector
from schema.deployments.payloads import DeploymentPayload
from schema.relay.ids import row_id


def _values_from(given: list[inputs.ValueFromInput] | None) -> list[dict[str, str]]:
    return [vars(entry) for entry in given or []]


def _overrides(given: list[inputs.ValueOverrideInput] | None) -> list[GivenOverride]:
    return [
        GivenOverride(
            one.cluster,
            one.values,
            one.values_yaml,
            None if one.values_from is None else _values_from(one.values_from),
        )
        for one in given or []
    ]


def _selector_overrides(given: list[inputs.SelectorOverrideInput] | None) -> list[GivenSelectorOverride] | None:
    if given is None:
        return None
    return [
        GivenSelectorOverride(stored_selector(one.select), one.values, one.values_yaml, _values_from(one.values_from))
        for one in given
    ]


def _target_selector(given: inputs.CreateDeploymentInput | inputs.UpdateDeploymentInput) -> dict[str, Any] | None:
    return None if given.target_selector is None else stored_selector(given.target_selector)


def _ignore_rules(given: list[inputs.DriftIgnoreRuleInput] | None) -> list[GivenRule] | None:
    return None if given is None else [GivenRule(rule.paths, rule.kind, rule.group) for rule in given]


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
        given = {name: value for name, value in vars(input).items() if value is not None}  # null is the default
        request = CreateDeployment(
            **{
                **given,
                "values_from": _values_from(input.values_from),
                "value_overrides": _overrides(input.value_overrides),
                "selector_overrides": _selector_overrides(input.selector_overrides),
                "target_selector": _target_selector(input),
                "live_drift_ignore": _ignore_rules(input.live_drift_ignore) or [],
            }
        )
        act = partial(create_deployment, info.context.services, info.context.viewer, request)
        return await _payload(info, act, dry_run=input.dry_run)

    @mutation("Changes the desired state of a deployment and applies it to every target.", Permission.DEPLOYMENTS_WRITE)
    async def update_deployment(
        self,
        info: Info,
        input: inputs.UpdateDeploymentInput,  # noqa: A002
    ) -> payloads.UpdateDeploymentResult:
        request = UpdateDeployment(
            **{
                **vars(input),
                "id": row_id(input.id, "Deployment"),
                "reuse_values": bool(input.reuse_values),
                "dry_run": bool(input.dry_run),
                "values_from": None if input.values_from is None else _values_from(input.values_from),
                "value_overrides": None if input.value_overrides is None else _overrides(input.value_overrides),
                "selector_overrides": _selector_overrides(input.selector_overrides),
                "target_selector": _target_selector(input),
                "live_drift_ignore": _ignore_rules(input.live_drift_ignore),
            }
        )
        act = partial(update_deployment, info.context.services, info.context.viewer, request)
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
        act = partial(
            reconcile_deployment,
            info.context.services,
            info.context.viewer,
            row_id(input.id, "Deployment"),
            input.targets,
            skip_hooks=bool(input.skip_hooks),
            force=bool(input.force),
            dry_run=bool(input.dry_run),
        )
        return await _payload(info, act, dry_run=input.dry_run)

    @mutation("Uninstalls the release from every target. The deployment is then deleted.", Permission.DEPLOYMENTS_WRITE)
    async def delete_deployment(
        self,
        info: Info,
        input: inputs.DeleteDeploymentInput,  # noqa: A002
    ) -> payloads.DeleteDeploymentResult:
        act = partial(
            delete_deployment,
            info.context.services,
            info.context.viewer,
            row_id(input.id, "Deployment"),
            force=bool(input.force),
            skip_hooks=bool(input.skip_hooks),
            dry_run=bool(input.dry_run),
        )
        return await _payload(info, act, dry_run=input.dry_run)
