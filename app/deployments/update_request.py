"""The request to change the desired state of a deployment."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.core.errors import Conflict, Problem
from app.deployments.codes import DeploymentCode
from app.deployments.dependencies import (
    GivenDependency,
)
from app.deployments.desired_state import Given
from app.deployments.given import GivenOverride, GivenSelectorOverride
from app.drift.rules import GivenRule
from app.drift.states import LiveDrift
from app.releases.remediation import Remediation
from app.tables.deployments import CrdPolicy, Deployment, DriftPolicy


@dataclass(frozen=True)
class UpdateDeployment:
    """The request, as the API takes it. Fields that are None do not change; empty values, references, overrides and
    descriptions clear the present ones. A list of targets without a selector replaces the present selector, and a
    selector without a list the present list."""

    id: int
    expected_generation: int | None = None
    version: str | None = None
    values: Any = None
    values_yaml: str | None = None
    values_from: list[Given] | None = None
    value_overrides: list[GivenOverride] | None = None
    selector_overrides: list[GivenSelectorOverride] | None = None
    reuse_values: bool = False
    targets: list[str] | None = None
    target_selector: Any = None
    confirm_removal: int | None = None
    description: str | None = None
    atomic: bool | None = None
    wait: bool | None = None
    timeout_seconds: int | None = None
    drift_policy: DriftPolicy | None = None
    live_drift: LiveDrift | None = None
    crd_policy: CrdPolicy | None = None
    live_drift_ignore: list[GivenRule] | None = None
    depends_on: list[GivenDependency] | None = None
    allow_crd_version_removal: list[str] | None = None
    strategy: dict[str, Any] | None = None
    remediation: Remediation | None = None
    strategy_override: dict[str, Any] | None = None
    dry_run: bool = False
    idempotency_key: str | None = None
    release_name: str | None = None
    namespace: str | None = None


def unchangeable(deployment: Deployment, request: UpdateDeployment) -> Iterator[Problem]:
    for path, given, present in (
        ("releaseName", request.release_name, deployment.release_name),
        ("namespace", request.namespace, deployment.namespace),
    ):
        if given is not None and given != present:
            yield Problem((path,), f"It cannot be changed (now {present!r}). Create another deployment for {given!r}.")


def check_generation(deployment: Deployment, expected: int | None) -> None:
    if expected is not None and expected != deployment.generation:
        raise Conflict(
            DeploymentCode.GENERATION_MOVED_ON,
            f"{deployment.release_name} is at generation {deployment.generation}, not {expected}. Check what"
            " has changed, then try again with the current generation.",
            ("expectedGeneration",),
        )
