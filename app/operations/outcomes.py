"""The outcome or present state of an operation on one cluster, as shown to users. Pure: no I/O."""

from enum import StrEnum

from app.releases.error_codes import CLUSTER_IS_AWAY, ActionCode
from app.releases.step import ReleaseAction
from app.tables.states import OperationState
from app.targets.activity import Activity, ActivityPhase


class ResultOutcome(StrEnum):
    QUEUED = "QUEUED"
    WAITING_FOR_SLOT = "WAITING_FOR_SLOT"
    WAITING_FOR_RUN = "WAITING_FOR_RUN"
    WAITING_FOR_DEPENDENCY = "WAITING_FOR_DEPENDENCY"
    WAITING_FOR_CLUSTER = "WAITING_FOR_CLUSTER"
    WAITING_FOR_WINDOW = "WAITING_FOR_WINDOW"
    RETRYING = "RETRYING"
    INSTALLING = "INSTALLING"
    UPGRADING = "UPGRADING"
    UNINSTALLING = "UNINSTALLING"
    CORRECTING = "CORRECTING"
    MIGRATING = "MIGRATING"
    CANCELLING = "CANCELLING"
    UNCHANGED = "UNCHANGED"
    INSTALLED = "INSTALLED"
    UPGRADED = "UPGRADED"
    UNINSTALLED = "UNINSTALLED"
    CORRECTED = "CORRECTED"
    MIGRATED = "MIGRATED"
    FAILED = "FAILED"
    SUPERSEDED = "SUPERSEDED"
    CANCELLED = "CANCELLED"
    ABANDONED = "ABANDONED"

    def words(self, action: ReleaseAction) -> str:
        """The text for a result with this action, such as "upgraded" or "upgrade failed"."""
        if self is ResultOutcome.SUPERSEDED:
            return "replaced by a newer operation"
        words = self.lower().replace("_", " ")
        broken_off = self in (ResultOutcome.FAILED, ResultOutcome.CANCELLED) and action is not ReleaseAction.NONE
        return f"{action.noun.lower()} {words}" if broken_off else words


_OUTCOME = ResultOutcome
_DONE = {
    ReleaseAction.NONE: _OUTCOME.UNCHANGED,
    ReleaseAction.INSTALL: _OUTCOME.INSTALLED,
    ReleaseAction.UPGRADE: _OUTCOME.UPGRADED,
    ReleaseAction.ROLLBACK: _OUTCOME.UPGRADED,
    ReleaseAction.UNINSTALL: _OUTCOME.UNINSTALLED,
    ReleaseAction.CORRECTION: _OUTCOME.CORRECTED,
    ReleaseAction.API_MIGRATION: _OUTCOME.MIGRATED,
}
_DOING = {
    ReleaseAction.NONE: _OUTCOME.WAITING_FOR_CLUSTER,
    ReleaseAction.INSTALL: _OUTCOME.INSTALLING,
    ReleaseAction.UPGRADE: _OUTCOME.UPGRADING,
    ReleaseAction.ROLLBACK: _OUTCOME.UPGRADING,
    ReleaseAction.UNINSTALL: _OUTCOME.UNINSTALLING,
    ReleaseAction.CORRECTION: _OUTCOME.CORRECTING,
    ReleaseAction.API_MIGRATION: _OUTCOME.MIGRATING,
}
_WAITING = {
    ActivityPhase.QUEUED: _OUTCOME.QUEUED,
    ActivityPhase.WAITING_FOR_SLOT: _OUTCOME.WAITING_FOR_SLOT,
    ActivityPhase.WAITING_FOR_RUN: _OUTCOME.WAITING_FOR_RUN,
    ActivityPhase.WAITING_FOR_WINDOW: _OUTCOME.WAITING_FOR_WINDOW,
    ActivityPhase.WAITING_FOR_DEPENDENCY: _OUTCOME.WAITING_FOR_DEPENDENCY,
    ActivityPhase.CANCELLING: _OUTCOME.CANCELLING,
}


def outcome_of(
    state: OperationState, action: ReleaseAction, error_code: str | None, activity: Activity | None
) -> ResultOutcome:
    """The outcome of a result. `activity` is that of its target, if the result is open."""
    if state is OperationState.SUCCEEDED:
        return _DONE[action]
    if not state.is_open:
        return _OUTCOME.ABANDONED if error_code == ActionCode.RELEASE_ABANDONED else ResultOutcome(state)
    if activity is not None and activity.phase in _WAITING:
        return _WAITING[activity.phase]
    if error_code is not None and (activity is None or activity.phase is ActivityPhase.RETRYING):
        return _OUTCOME.WAITING_FOR_CLUSTER if error_code in CLUSTER_IS_AWAY else _OUTCOME.RETRYING
    if state is OperationState.PENDING:
        return _OUTCOME.QUEUED
    is_looking = activity is not None and activity.phase is ActivityPhase.APPLYING and activity.until is None
    return _OUTCOME.WAITING_FOR_CLUSTER if is_looking else _DOING[action]
