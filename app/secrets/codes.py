"""The kinds of events and the codes of errors about secrets."""

from app.registers.register import ErrorCode, EventKind


class SecretEvent(EventKind):
    """Events of secrets"""

    CREATED = "secret.created", "A secret was created."
    CHANGED = "secret.changed", "A secret was changed."
    DELETED = "secret.deleted", "A secret was deleted."


class SecretCode(ErrorCode):
    """Errors about secrets"""

    SECRET_NOT_FOUND = "secret_not_found", "The secret does not exist, or the caller cannot see it."
    SECRET_IN_USE = "secret_in_use", "The secret, or a key of it, is used by deployments."
