"""The kinds of events and the codes of errors about operations."""

from app.registers.register import ErrorCode, EventKind


class OperationEvent(EventKind):
    """Events of operations, and of what they remove"""

    STARTED = "operation.started", "An operation was started."
    CANCELLED = "operation.cancelled", "The cancellation of an operation was requested."
    WINDOW_OVERRIDDEN = (
        "operation.window_overridden",
        "A user let an operation pass in spite of a change window.",
    )
    FINISHED = "operation.finished", "An operation ended."
    DEPLOYMENT_DELETED = "deployment.deleted", "A deployment was deleted, after its last release."
    RELEASE_ABANDONED = "release.abandoned", "A release was left behind on a cluster, because force was given."


class OperationCode(ErrorCode):
    """Errors about operations"""

    OPERATION_NOT_FOUND = "operation_not_found", "The operation does not exist, or the caller cannot see it."
    OPERATION_ENDED = "operation_ended", "The operation has already ended."
    NOT_HELD = "not_held", "No closed change window holds the operation."
    WINDOW_NOT_OVERRIDABLE = "window_not_overridable", "The caller's role may not override a change window."
