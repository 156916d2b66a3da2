"""What is shown about a failure on a target: what went wrong, and what to do about it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from app.core.errors import ActionError, TemporaryError
from app.releases.next_steps import NextStep, advice, next_steps
from app.releases.release import Observed
from app.releases.status import TargetStatus
from app.tables.clusters import Reachability
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.targets.abandonment import AbandonedRelease


@dataclass(frozen=True)
class TargetError:
    """A failed action, as stored with a target and with the results of its operations. `revision` is the revision of
    the release after a permanent failure, `in_a_row` how many times in a row the same error occurred, `abandoned` the
    release that was left behind."""

    code: str
    message: str
    attempts: int
    at: str = field(default_factory=lambda: now().isoformat())
    output: str | None = None
    next_steps: Sequence[NextStep] = ()
    advice: str = ""
    revision: int | None = None
    in_a_row: int = 1
    abandoned: AbandonedRelease | None = None

    @property
    def stored(self) -> dict[str, Any]:
        return asdict(self)


def target_error(
    error: ActionError,
    deployment: Deployment,
    observed: Observed | None,
    *,
    is_wanted: bool,
    attempts: int = 1,
    runs_hooks: bool = True,
) -> TargetError:
    """Describes an error on a target. `observed` is the release after the failure, `runs_hooks` whether the action runs
    hooks. Helm writes the release's record before it runs the first one."""
    is_temporary = isinstance(error, TemporaryError)
    may_be_hook = runs_hooks and error.wrote
    steps = next_steps(
        error.code, is_temporary=is_temporary, is_wanted=is_wanted, observed=observed, runs_hooks=may_be_hook
    )
    return TargetError(
        error.code,
        error.message,
        attempts,
        output=error.output,
        next_steps=steps,
        advice=advice(
            steps,
            namespace=deployment.namespace,
            release_name=deployment.release_name,
            revision=observed.revision if observed else 0,
        ),
    )


def next_steps_from(status: TargetStatus, reachability: Reachability, error: dict[str, Any] | None) -> list[NextStep]:
    """What can be done next about a target with this status and, if there is one, its last failure."""
    if status is TargetStatus.DEPLOYED:
        return []
    if reachability is Reachability.MISMATCHED:
        return [NextStep.CONFIRM_CLUSTER, NextStep.UPDATE_CLUSTER]
    if reachability is not Reachability.REACHABLE:
        return [NextStep.WAIT, NextStep.UPDATE_CLUSTER]
    if error is not None and error.get("next_steps"):
        return [NextStep(step) for step in error["next_steps"]]
    # A status that no observer confirms is UNKNOWN, and so is one that Helm calls unknown.
    return [NextStep.WAIT, NextStep.RECONCILE] if status is TargetStatus.UNKNOWN else [NextStep.RECONCILE]
