"""The kinds of events about change windows, and the codes of errors."""

from app.registers.register import ErrorCode, EventKind


class WindowEvent(EventKind):
    """Events of change windows"""

    SET = "change_window.set", "A change window was created or changed."
    DELETED = "change_window.deleted", "A change window was deleted."


class WindowCode(ErrorCode):
    """Errors about change windows"""

    CHANGE_WINDOW_NOT_FOUND = (
        "change_window_not_found",
        "The change window does not exist, or the caller cannot see it.",
    )
    CHANGE_WINDOW_CHANGED = "change_window_changed", "The change window has another version than the given one."
