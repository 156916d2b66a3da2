"""Paths into values, as reasons show them: `database.password`, `annotations["example.com/owner"]`."""

import re
from collections.abc import Iterable

import orjson

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SEGMENT = re.compile(r'\.?([A-Za-z0-9_-]+)|\[("(?:[^"\\]|\\.)*")\]', re.DOTALL)

Segments = tuple[str, ...]


def join(prefix: str, key: str) -> str:
    """The path of a key below another path; the empty path is the whole document."""
    segment = key if _PLAIN_KEY.fullmatch(key) else f"[{orjson.dumps(key).decode()}]"
    return f"{prefix}.{segment}" if prefix and not segment.startswith("[") else prefix + segment


def path_of(segments: Iterable[str]) -> str:
    path = ""
    for segment in segments:
        path = join(path, segment)
    return path


def segments_of(path: str) -> Segments:
    """The keys of a path, the outermost first.

    Raises:
        ValueError: if it is not a valid path.
    """
    segments: list[str] = []
    at = 0
    while at < len(path):
        segment = _SEGMENT.match(path, at)
        if segment is None or (segment[0].startswith(".") != (at > 0) and segment[1] is not None):
            raise ValueError(
                f'{path!r} is not a valid path. Write it as `database.password` or `annotations["a.b/c"]`.'
            )
        segments.append(segment[1] if segment[1] is not None else orjson.loads(segment[2]))
        at = segment.end()
    if not segments:
        raise ValueError("A path names at least one key.")
    return tuple(segments)
