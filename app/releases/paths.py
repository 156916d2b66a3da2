"""Paths into values, as reasons show them: `database.password`, `annotations["example.com/owner"]`."""

import re
from collections.abc import Iterable

import orjson

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STEP = re.compile(r'\.?([A-Za-z0-9_-]+)|\[("(?:[^"\\]|\\.)*")\]', re.DOTALL)

Steps = tuple[str, ...]


def join(prefix: str, key: str) -> str:
    """The path of a key below another path; the empty path is the whole document."""
    step = key if _PLAIN_KEY.fullmatch(key) else f"[{orjson.dumps(key).decode()}]"
    return f"{prefix}.{step}" if prefix and not step.startswith("[") else prefix + step


def path_of(steps: Iterable[str]) -> str:
    path = ""
    for step in steps:
        path = join(path, step)
    return path


def steps_of(path: str) -> Steps:
    """The keys of a path, the outermost first.

    Raises:
        ValueError: if it is not a valid path.
    """
    steps: list[str] = []
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or (step[0].startswith(".") != (at > 0) and step[1] is not None):
            raise ValueError(
                f'{path!r} is not a valid path. Write it as `database.password` or `annotations["a.b/c"]`.'
            )
        steps.append(step[1] if step[1] is not None else orjson.loads(step[2]))
        at = step.end()
    if not steps:
        raise ValueError("A path names at least one key.")
    return tuple(steps)
