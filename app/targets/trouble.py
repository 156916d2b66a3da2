"""What is shown of a failure on a target: what went wrong, and what to do about it."""

from typing import Any

from app.clusters.tables import Reachability
from app.deployments.tables import Deployment
from app.errors import ActionError, TemporaryError
from app.releases.next_steps import NextStep, advice, next_steps
from app.releases.release import Observed
from app.releases.status import TargetStatus
from app.tables import now


def as_json(
    error: ActionError,
    deployment: Deployment,
    observed: Observed | None,
    *,
    is_wanted: bool,
    attempts: int = 1,
    runs_hooks: bool = True,
) -> dict[str, Any]:
    """An action's error, in the shape in which it is stored. `observed` is the release after the failure, `runs_hooks`
    whether the action ran hooks."""
    is_temporary = isinstance(error, TemporaryError)
    steps = next_steps(
        error.code, is_temporary=is_temporary, is_wanted=is_wanted, observed=observed, runs_hooks=runs_hooks
    )
    return {
        "code": error.code,
        "message": error.message,
        "output": error.output,
        "at": now().isoformat(),
        "attempts": attempts,
        "next_steps": list(steps),
        "advice": advice(
            steps,
            namespace=deployment.namespace,
            release_name=deployment.release_name,
            revision=observed.revision if observed else 0,
        ),
    }


def next_steps_from(status: TargetStatus, reachability: Reachability, error: dict[str, Any] | None) -> list[NextStep]:
    """What leads on from a target's status, with its last failure, if there is one."""
    if status is TargetStatus.DEPLOYED:
        return []
    if reachability is Reachability.MISMATCHED:
        return [NextStep.CONFIRM_CLUSTER, NextStep.UPDATE_CLUSTER]
    if reachability is not Reachability.REACHABLE:
        return [NextStep.WAIT, NextStep.UPDATE_CLUSTER]
    if error is not None and error.get("next_steps"):
        return [NextStep(step) for step in error["next_steps"]]
    # A status that no observer vouches for is UNKNOWN, and so is one that Helm calls unknown.
    return [NextStep.WAIT, NextStep.RECONCILE] if status is TargetStatus.UNKNOWN else [NextStep.RECONCILE]
