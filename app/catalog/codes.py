"""The kinds of events about services, and the codes of errors."""

from app.registers.register import ErrorCode, EventKind


class ServiceEvent(EventKind):
    """Events of services"""

    SAVED = "service.saved", "A service definition was created or changed."
    DELETED = "service.deleted", "A service definition was deleted."


class ServiceCode(ErrorCode):
    """Errors about services"""

    SERVICE_NOT_FOUND = "service_not_found", "The service does not exist, or the caller cannot see it."
    SERVICE_CHANGED = "service_changed", "The service has another revision than the given one."
    SERVICE_TOO_EXPENSIVE = (
        "service_too_expensive",
        "The expressions, ranges and schemas of the service exceed the CPU time or the memory of a check.",
    )
    SERVICE_CHECK_INTERRUPTED = (
        "service_check_interrupted",
        "The service could not be checked, and another attempt may succeed.",
    )
