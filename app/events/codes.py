"""The kinds of events of the installation, and error codes of events."""

from app.registers.register import ErrorCode, EventKind


class InstallationEvent(EventKind):
    """Events of the installation, and of mutations without an event of their own"""

    MUTATION_DONE = "mutation.done", "A mutation succeeded and recorded no other event."
    MUTATION_REFUSED = "mutation.refused", "A mutation was refused."
    MUTATION_FAILED = "mutation.failed", "A mutation failed because of an error in Polyhelm."
    ENCRYPTION_TAMPERED = "encryption.tampered", "Encrypted data was changed in the database and was not used."


class EventCode(ErrorCode):
    """Errors about events"""

    CURSOR_EXPIRED = "cursor_expired", "The events after this cursor are no longer kept."
