"""JSON pointers (RFC 6901) into objects, and patterns of them in which `*` stands for any single segment."""

from collections.abc import Sequence

Segments = tuple[str, ...]

MAX_LENGTH = 500


def pointer_of(segments: Sequence[str]) -> str:
    return "".join(f"/{segment.replace('~', '~0').replace('/', '~1')}" for segment in segments)


def segments_of(pointer: str) -> Segments:
    """The segments of a pointer.

    Raises:
        ValueError: if it is not a pointer. The message says why.
    """
    if not pointer.startswith("/") or len(pointer) > MAX_LENGTH:
        raise ValueError(f"A path starts with / and has at most {MAX_LENGTH} characters, such as /spec/replicas")
    if any(part[:1] not in ("0", "1") for part in pointer.split("~")[1:]):
        raise ValueError("In a path, ~ is written as ~0 and / in a key as ~1")
    return tuple(segment.replace("~1", "/").replace("~0", "~") for segment in pointer[1:].split("/"))


def covers(pattern: Segments, segments: Sequence[str]) -> bool:
    """Whether a pattern names the place or one above it."""
    return len(pattern) <= len(segments) and all(
        one in ("*", other) for one, other in zip(pattern, segments[: len(pattern)], strict=True)
    )
