"""Whether a generation is known to work on all targets of its deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.rollouts.states import RolloutPhase, TargetState


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a generation. `phase` is that of its newest rollout, None if all targets got it at once;
    `pending` has the targets, by cluster, that are not READY in that rollout. `unfit` has what is wrong with targets of
    the deployment's present generation, by cluster; it is None for an earlier generation. `was_verified` says that the
    generation was verified when a plan was made of it."""

    has_targets: bool
    is_held: bool = False
    phase: RolloutPhase | None = None
    pending: Mapping[str, TargetState] = field(default_factory=dict)
    unfit: Mapping[str, str] | None = None
    was_verified: bool = False


def doubts(evidence: Evidence) -> list[str]:
    """Why the generation is not verified, as ends of a sentence; empty if it is."""
    if evidence.is_held:
        return ["it is held"]
    if not evidence.has_targets:
        return ["it has no targets"]
    if evidence.phase is None and evidence.unfit is None and not evidence.was_verified:
        return ["it is not the present one, and all targets got it at once, so that their health then is not known"]
    if evidence.phase not in (None, RolloutPhase.SUCCEEDED):
        return [f"its rollout is {evidence.phase}"]
    if evidence.pending:
        return [f"{name} is {state} in its rollout" for name, state in sorted(evidence.pending.items())]
    return [f"{name} is {words}" for name, words in sorted((evidence.unfit or {}).items())]
