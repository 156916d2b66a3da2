"""The kinds of events and the codes of errors about rollouts."""

from app.registers.register import ErrorCode, EventKind


class RolloutEvent(EventKind):
    """Events of rollouts"""

    STARTED = "rollout.started", "A rollout was created."
    PROGRESSED = "rollout.progressed", "A rollout, a wave or a target in it has another state."
    ENDED = "rollout.ended", "A rollout ended."
    APPROVED = "rollout.approved", "A wave was approved."
    REJECTED = "rollout.rejected", "A wave was rejected."
    PAUSED = "rollout.paused", "A rollout was paused."
    RESUMED = "rollout.resumed", "A rollout was resumed."
    ABORTED = "rollout.aborted", "A rollout was aborted."
    EXPEDITED = "rollout.expedited", "Soak times and approvals of a rollout are skipped."
    DEFERRED = "rollout.deferred", "A target of a rollout was put off."
    RETRIED = "rollout.retried", "A target of a rollout is tried again."
    CHECK_MEASURED = "rollout.check_measured", "A check of a wave was measured."
    CHECK_ENDED = "rollout.check_ended", "A check of a wave has a verdict."
    CHECK_RETRIED = "rollout.check_retried", "A check of a wave begins again."
    HELD = "rollout.held", "A generation is held: no target moves to it until a user lifts the hold."
    LIFTED = "rollout.lifted", "The hold of a generation was lifted."


class RolloutCode(ErrorCode):
    """Errors about rollouts"""

    ROLLOUT_NOT_FOUND = "rollout_not_found", "The rollout does not exist, or the caller cannot see it."
    ROLLOUT_IN_PROGRESS = "rollout_in_progress", "The strategy of a rollout in progress refuses newer generations."
    ROLLOUT_STATE = "rollout_state", "The rollout is not in a phase in which this is possible."
    ROLLOUT_DIGEST = "rollout_digest", "The digest is not that of the rollout's plan."
    ROLLOUT_TARGET = "rollout_target", "The cluster is not a target of the rollout."
    WAVE_NOT_FOUND = "wave_not_found", "The rollout has no such wave."
    WAVE_WITHOUT_APPROVAL = "wave_without_approval", "The wave needs no approval, or has begun."
    WAVE_OWN = "wave_own", "The author of a change cannot approve its waves."
    WAVE_ROLE = "wave_role", "The wave must be approved by users with another role."
    CHECK_NOT_FOUND = "check_not_found", "The wave has no such check."
    CHECK_STATE = "check_state", "The check has not begun, is running, or has passed."
    HOLD_NOT_FOUND = "hold_not_found", "The generation is not held."
    GENERATION_HELD = "generation_held", "The generation is held on all targets, so the hold of one cannot be lifted."
