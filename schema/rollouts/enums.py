"""The subject's enums, as those of the API."""

import strawberry

from app.delivery.steering import Abort
from app.rollouts.states import CheckVerdict, GateState, RolloutPhase, WaveState

strawberry.enum(
    RolloutPhase,
    description="RUNNING and WAITING rollouts continue by themselves; WAITING ones wait for a gate. A PAUSED rollout"
    " waits for `resumeRollout`. All other phases are final, except that `retryTarget` continues a FAILED rollout.",
)
strawberry.enum(WaveState)
strawberry.enum(GateState)
strawberry.enum(
    CheckVerdict,
    description="INCONCLUSIVE and ERROR mean that nothing is known: the wave waits until a user runs the check again or"
    " aborts the rollout. CANCELLED: the rollout ended, or targets of the wave had to settle again.",
)

strawberry.enum(
    Abort,
    name="AbortTargets",
    description="LEAVE: targets keep what they have. ROLL_BACK: targets that have moved return to their last verified"
    " generation, and the generation is held.",
)

__all__ = ["Abort", "CheckVerdict", "GateState", "RolloutPhase", "WaveState"]
