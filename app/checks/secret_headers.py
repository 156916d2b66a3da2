"""Values of secrets in the headers of requests."""

from enum import Enum, auto

from app.core.encryption import KeyRing, KeyRingError
from app.rollouts.check_requests import is_value
from app.secrets.queries import opened
from app.tables.secrets import Secret


class Obstacle(Enum):
    """Why a value of a secret cannot be used."""

    MISSING = auto()
    UNREADABLE = auto()


class UnusableSecretError(Exception):
    """A value of a secret cannot be sent. The message contains no value."""

    def __init__(self, obstacle: Obstacle, message: str) -> None:
        super().__init__(message)
        self.obstacle = obstacle


def header_value(key_ring: KeyRing, secret: Secret, key: str, prefix: str) -> str:
    """The value that a header contains after a prefix. The sender keeps both the header and this value out of
    texts.

    Raises:
        UnusableSecretError: there is none that can be sent.
    """
    try:
        value = opened(key_ring, secret).get(key)
    except KeyRingError:
        raise UnusableSecretError(Obstacle.UNREADABLE, f"The secret {secret.name} cannot be decrypted.") from None
    if value is None:
        raise UnusableSecretError(Obstacle.MISSING, f"The secret {secret.name} has no key {key}.")
    if not is_value(prefix + value.strip()):
        message = f"The value of {key} of the secret {secret.name} cannot be sent in a header."
        raise UnusableSecretError(Obstacle.UNREADABLE, message)
    return value.strip()
