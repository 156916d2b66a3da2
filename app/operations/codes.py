"""The kinds of events and the codes of errors about operations."""

from app.registers.register import ErrorCode, EventKind


class OperationEvent(EventKind):
    """Events of operations, and of what they remove"""

    STARTED = "operation.started", "An operation was started."
    CANCELLED = "operation.cancelled", "The cancellation of an operation was requested."
    FINISHED = "operation.finished", "An operation ended."
    DEPLOYMENT_DELETED = "deployment.deleted", "A deployment was deleted, after its last release."
    RELEASE_ABANDONED = "release.abandoned", "A release was left behind on a cluster, because force was given."


class OperationCode(ErrorCode):
    """Errors about operations"""

    OPERATION_NOT_FOUND = "operation_not_found", "The operation does not exist, or the caller cannot see it."
    OPERATION_ENDED = "operation_ended", "The operation has already ended."
