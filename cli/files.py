"""What a user hands over in a file, or on standard input."""

import sys
from pathlib import Path
from typing import Any

from cli.failure import usage


def content(file: str) -> tuple[str, str]:
    """A file's text, and what to call it; `-` is standard input."""
    if file == "-":
        return sys.stdin.read(), "standard input"
    try:
        return Path(file).read_text(), file
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"{file} can't be read: {getattr(error, 'strerror', error)}") from None


def read_map(text: str, source: str) -> dict[str, Any]:
    """A map in YAML, of which JSON is a part. What looks like a date stays text, as there are no dates in JSON."""
    import yaml

    from cli.manifest import Loader

    try:
        found = yaml.load(text, Loader=Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise usage(f"{source}: this is no YAML: {error}") from None
    if not isinstance(found, dict):
        raise usage(f"{source} holds no map.", "Write it as `key: value`, one a line.")
    return found
