"""JSON pointers (RFC 6901) into objects, and patterns of them in which `*` stands for any single step."""

from collections.abc import Sequence

Steps = tuple[str, ...]

MAX_LENGTH = 500


def pointer_of(steps: Sequence[str]) -> str:
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def steps_of(pointer: str) -> Steps:
    """The steps of a pointer.

    Raises:
        ValueError: if it is not a pointer. The message says why.
    """
    if not pointer.startswith("/") or len(pointer) > MAX_LENGTH:
        raise ValueError(f"A path starts with / and has at most {MAX_LENGTH} characters, such as /spec/replicas")
    if any(part[:1] not in ("0", "1") for part in pointer.split("~")[1:]):
        raise ValueError("In a path, ~ is written as ~0 and / in a key as ~1")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def covers(pattern: Steps, steps: Sequence[str]) -> bool:
    """Whether a pattern names the place or one above it."""
    return len(pattern) <= len(steps) and all(
        one in ("*", other) for one, other in zip(pattern, steps[: len(pattern)], strict=True)
    )
