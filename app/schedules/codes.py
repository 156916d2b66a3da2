"""The kinds of events about schedules, and the codes of errors."""

from app.registers.register import ErrorCode, EventKind


class ScheduleEvent(EventKind):
    """Events of schedules"""

    SAVED = "schedule.saved", "A schedule was created or changed."
    DELETED = "schedule.deleted", "A schedule was deleted."
    PAUSED = "schedule.paused", "A schedule was paused."
    RESUMED = "schedule.resumed", "A schedule was resumed."
    SKIPPED = (
        "schedule.skipped",
        "A time of a schedule has passed without a run: one was in progress, or it was too late.",
    )
    REFUSED = "schedule.refused", "A schedule could not start its workflow."


class ScheduleCode(ErrorCode):
    """Errors about schedules"""

    SCHEDULE_NOT_FOUND = "schedule_not_found", "The schedule does not exist, or the caller cannot see it."
    SCHEDULE_CHANGED = "schedule_changed", "The schedule has another version than the given one."
