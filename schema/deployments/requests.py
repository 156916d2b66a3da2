"""The requests of the core, from the inputs of the API."""

from typing import Any

from app.deployments.creation import CreateDeployment
from app.deployments.deletion import DeleteDeployment
from app.deployments.dependencies import GivenDependency
from app.deployments.given import GivenOverride, GivenSelectorOverride
from app.deployments.promotion import PromoteDeployment
from app.deployments.reconcile import ReconcileDeployment
from app.deployments.update_request import UpdateDeployment
from app.drift.rules import GivenRule
from app.releases.remediation import Remediation
from schema.deployments import inputs
from schema.relay.ids import row_id
from schema.selectors.inputs import stored_selector
from schema.strategies.inputs import given_strategy


def create(given: inputs.CreateDeploymentInput) -> CreateDeployment:
    present = {name: value for name, value in vars(given).items() if value is not None}  # null is the default
    return CreateDeployment(
        **{
            **present,
            "values_from": _values_from(given.values_from),
            "value_overrides": _overrides(given.value_overrides),
            "selector_overrides": _selector_overrides(given.selector_overrides),
            "target_selector": _target_selector(given),
            "live_drift_ignore": _ignore_rules(given.live_drift_ignore) or [],
            "depends_on": _dependencies(given.depends_on) or [],
            "strategy": given_strategy(given.strategy, "strategy"),
            "remediation": _remediation(given.remediation) or Remediation(),
            "strategy_override": given_strategy(given.strategy_override, "strategyOverride"),
        }
    )


def update(given: inputs.UpdateDeploymentInput) -> UpdateDeployment:
    return UpdateDeployment(
        **{
            **vars(given),
            "id": row_id(given.id, "Deployment"),
            "reuse_values": bool(given.reuse_values),
            "dry_run": bool(given.dry_run),
            "values_from": None if given.values_from is None else _values_from(given.values_from),
            "value_overrides": None if given.value_overrides is None else _overrides(given.value_overrides),
            "selector_overrides": _selector_overrides(given.selector_overrides),
            "target_selector": _target_selector(given),
            "live_drift_ignore": _ignore_rules(given.live_drift_ignore),
            "depends_on": _dependencies(given.depends_on),
            "strategy": given_strategy(given.strategy, "strategy"),
            "remediation": _remediation(given.remediation),
            "strategy_override": given_strategy(given.strategy_override, "strategyOverride"),
        }
    )


def promote(given: inputs.PromoteDeploymentInput) -> PromoteDeployment:
    return PromoteDeployment(
        **{
            **vars(given),
            "id": row_id(given.id, "Deployment"),
            "source": row_id(given.source, "Deployment"),
            "unverified": bool(given.unverified),
            "dry_run": bool(given.dry_run),
        }
    )


def reconcile(given: inputs.ReconcileDeploymentInput) -> ReconcileDeployment:
    number = row_id(given.id, "Deployment")
    switches = {"skip_hooks": bool(given.skip_hooks), "force": bool(given.force), "dry_run": bool(given.dry_run)}
    removal = given.allow_crd_version_removal
    return ReconcileDeployment(number, given.targets, allow_crd_version_removal=removal, **switches)


def delete(given: inputs.DeleteDeploymentInput) -> DeleteDeployment:
    number = row_id(given.id, "Deployment")
    switches = {"skip_hooks": bool(given.skip_hooks), "force": bool(given.force), "dry_run": bool(given.dry_run)}
    return DeleteDeployment(number, **switches)


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


def _dependencies(given: list[inputs.DependencyInput] | None) -> list[GivenDependency] | None:
    return None if given is None else [GivenDependency(one.deployment, one.condition or None) for one in given]


def _remediation(given: inputs.RemediationInput | None) -> Remediation | None:
    return None if given is None else Remediation(given.retries, given.remedy)
