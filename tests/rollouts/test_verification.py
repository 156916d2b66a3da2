"""Whether a generation is verified."""

from app.rollouts.states import RolloutPhase, TargetState
from app.rollouts.verification import Evidence, doubts


def test_a_generation_is_verified_if_its_rollout_succeeded_and_all_targets_are_fit() -> None:
    assert doubts(Evidence(has_targets=True, unfit={})) == []
    assert doubts(Evidence(has_targets=True, phase=RolloutPhase.SUCCEEDED)) == []
    assert doubts(Evidence(has_targets=True, was_verified=True)) == []
    assert doubts(Evidence(has_targets=True, phase=RolloutPhase.SUCCEEDED, unfit={})) == []


def test_the_reasons_why_a_generation_is_not_verified() -> None:
    held = Evidence(has_targets=True, is_held=True, phase=RolloutPhase.SUCCEEDED, unfit={}, was_verified=True)
    assert doubts(held) == ["it is held"]
    assert doubts(Evidence(has_targets=False, unfit={})) == ["it has no targets"]
    earlier = "it is not the present one, and all targets got it at once, so that their health then is not known"
    assert doubts(Evidence(has_targets=True)) == [earlier]
    for phase in set(RolloutPhase) - {RolloutPhase.SUCCEEDED}:
        assert doubts(Evidence(has_targets=True, phase=phase, unfit={})) == [f"its rollout is {phase}"]
    pending = {"paris": TargetState.FAILED, "berlin": TargetState.DEFERRED}
    words = ["berlin is DEFERRED in its rollout", "paris is FAILED in its rollout"]
    assert doubts(Evidence(has_targets=True, phase=RolloutPhase.SUCCEEDED, pending=pending, unfit={})) == words
    unfit = {"paris": "DEGRADED", "berlin": "DRIFTED"}
    assert doubts(Evidence(has_targets=True, unfit=unfit)) == ["berlin is DRIFTED", "paris is DEGRADED"]
