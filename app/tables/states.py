"""The states of operations, of their results and of plans, and the transitions of results. This module is pure."""

from collections.abc import Mapping
from enum import StrEnum


class OperationState(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SUPERSEDED = "SUPERSEDED"
    CANCELLED = "CANCELLED"

    @property
    def is_open(self) -> bool:
        return self in OPEN


class PlanState(StrEnum):
    """OPEN plans can be applied until they expire. EXPIRED is never stored: it follows from the time."""

    OPEN = "OPEN"
    APPLIED = "APPLIED"
    DISCARDED = "DISCARDED"
    EXPIRED = "EXPIRED"


class PlanVerdict(StrEnum):
    """What a user has decided about a plan."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


_STATE = OperationState
OPEN = (_STATE.PENDING, _STATE.RUNNING)
_ENDS = (_STATE.SUCCEEDED, _STATE.FAILED, _STATE.SUPERSEDED, _STATE.CANCELLED)

NEXT: Mapping[OperationState, frozenset[OperationState]] = {
    # A pending result may succeed without a run, because the work of an older operation removed its target.
    _STATE.PENDING: frozenset({_STATE.RUNNING, _STATE.SUCCEEDED, _STATE.SUPERSEDED, _STATE.CANCELLED}),
    _STATE.RUNNING: frozenset(_ENDS),
    **{state: frozenset() for state in _ENDS},
}
"""The states that may follow each state of a result. An ended result never changes its state."""

_STRONGEST_FIRST = (_STATE.SUPERSEDED, _STATE.FAILED, _STATE.CANCELLED)


def before(state: OperationState) -> tuple[OperationState, ...]:
    """Returns the states of a result from which this one can be reached."""
    return tuple(earlier for earlier in OperationState if state in NEXT[earlier])


def state_of(counts: Mapping[OperationState, int]) -> OperationState:
    """Returns an operation's state, given how many of its results have each state. It ends with its last result."""
    present = {state for state, count in counts.items() if count}
    if present & set(OPEN):
        return _STATE.PENDING if present == {_STATE.PENDING} else _STATE.RUNNING
    return next((state for state in _STRONGEST_FIRST if state in present), _STATE.SUCCEEDED)
