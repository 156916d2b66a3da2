"""The subject's enums, as those of the API."""

import strawberry

from app.rollouts.checks import CheckKind
from app.rollouts.states import Answer, Ending, TargetState
from app.rollouts.strategy import OnNewer

strawberry.enum(
    TargetState,
    name="RolloutTargetState",
    description="BEHIND: not moved yet. MOVING: Helm was started. SETTLING: has the new revision, and is not healthy"
    " for long enough. INCONCLUSIVE: moved, and not reachable before its deadline. DEFERRED: not reachable when it was"
    " its turn, or put off by a user. SKIPPED: no longer a target. REVERTED: returned to its last verified generation.",
)
strawberry.enum(Ending, name="RolloutEnding", description="Why a rollout has failed or was aborted.")
strawberry.enum(CheckKind, description="What a check measures.")
strawberry.enum(
    Answer,
    name="CheckAnswer",
    description="The result of one measurement. INCONCLUSIVE and ERROR mean that nothing is known.",
)
strawberry.enum(
    OnNewer,
    name="OnNewerGeneration",
    description="What happens to a rollout when the deployment is changed again. SUPERSEDE: the newer one begins at its"
    " first wave. QUEUE: the newer one begins when this one has ended. REFUSE: the change is refused.",
)

__all__ = ["Answer", "CheckKind", "Ending", "OnNewer", "TargetState"]
