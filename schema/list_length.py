"""How long a list usually is, for fields that give a list without pages. The cost of an operation depends on it."""

USUAL_LENGTH = "usual-length"


def usually(length: int) -> dict[str, int]:
    """The metadata of a field whose list usually has this length in a large installation."""
    return {USUAL_LENGTH: length}
