"""The states of a rollout, its waves and its targets."""

from enum import StrEnum


class TargetState(StrEnum):
    BEHIND = "BEHIND"  # it has not moved yet
    MOVING = "MOVING"  # Helm was started, and has not ended
    SETTLING = "SETTLING"  # the release has the new revision, and is not healthy for long enough
    READY = "READY"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"  # it moved, and could not be reached before its deadline
    DEFERRED = "DEFERRED"  # it could not be reached when it was its turn, or a person deferred it
    SKIPPED = "SKIPPED"  # the deployment no longer targets it
    REVERTED = "REVERTED"  # a rollback returned it to its last verified generation


IN_FLIGHT = frozenset({TargetState.MOVING, TargetState.SETTLING})
WAITING = frozenset({TargetState.BEHIND, TargetState.DEFERRED})
"""The states of a target that may still move."""


class WaveState(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SOAKING = "SOAKING"
    CHECKING = "CHECKING"
    PASSED = "PASSED"


class RolloutPhase(StrEnum):
    RUNNING = "RUNNING"
    WAITING = "WAITING"  # nothing is in flight until a gate opens
    PAUSED = "PAUSED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ABORTED = "ABORTED"
    SUPERSEDED = "SUPERSEDED"
    ROLLED_BACK = "ROLLED_BACK"


ACTIVE = frozenset({RolloutPhase.RUNNING, RolloutPhase.WAITING})
OPEN = ACTIVE | {RolloutPhase.PAUSED}
"""The phases of a rollout that has not ended."""
ENDED = frozenset(
    {
        RolloutPhase.SUCCEEDED,
        RolloutPhase.FAILED,
        RolloutPhase.ABORTED,
        RolloutPhase.SUPERSEDED,
        RolloutPhase.ROLLED_BACK,
    }
)


class GateKind(StrEnum):
    """What a rollout can wait for."""

    APPROVAL = "APPROVAL"
    WINDOW = "WINDOW"
    SOAK = "SOAK"
    CHECK = "CHECK"
    BUDGET = "BUDGET"
    UNREACHABLE = "UNREACHABLE"
    OTHER_OPERATION = "OTHER_OPERATION"
    EARLIER_ROLLOUT = "EARLIER_ROLLOUT"


class GateState(StrEnum):
    """Whether a gate is passed."""

    WAITING = "WAITING"
    PASSED = "PASSED"
    FAILED = "FAILED"


class Answer(StrEnum):
    """The result of one measurement of a check."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


class CheckVerdict(StrEnum):
    """The result of a check."""

    RUNNING = "RUNNING"
    PASSED = "PASSED"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"  # the rollout ended, or the wave has to settle again


class Ending(StrEnum):
    """Why a rollout failed or was aborted by itself."""

    TOO_MANY_FAILURES = "TOO_MANY_FAILURES"
    BUDGET_USED_UP = "BUDGET_USED_UP"
    CHECK_FAILED = "CHECK_FAILED"
    REJECTED = "REJECTED"
