"""Reads definitions that users write in YAML, such as those of workflows and services."""

from typing import Any

from app.core.errors import Problem, all_invalid
from app.yaml.reading import Bounds, YamlError, read

FIELD = "definition"
MAX_TEXT = 256 * 1024
"""Characters of a definition."""
BOUNDS = Bounds(nodes=20_000, depth=60)


def read_definition(text: str) -> Any:
    """What a text says. It can take a while.

    Raises:
        ValidationFailed: it is too long, or not valid YAML, with the place of the problem.
    """
    if len(text) > MAX_TEXT:
        raise all_invalid([Problem((FIELD,), f"A definition has at most {MAX_TEXT // 1024} KiB.")])
    if "\x00" in text:
        raise all_invalid([Problem((FIELD,), "A definition cannot contain the character U+0000.")])
    try:
        return read(text, BOUNDS, strict=True)
    except YamlError as error:
        message = f"The definition is not valid YAML: {error}."
        raise all_invalid([Problem((FIELD,), message, error.line, error.column)]) from None
