"""What a user hands over in a file, or on standard input."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.failure import Failure, usage

_SUFFIXES = (".yaml", ".yml", ".json")
"""What files in a folder are read."""


def content(file: str) -> tuple[str, str]:
    """A file's text, and what to call it; `-` is standard input."""
    if file == "-":
        return sys.stdin.read(), "standard input"
    try:
        return Path(file).read_text(), file
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"{file} can't be read: {getattr(error, 'strerror', error)}") from None


def contents(paths: Sequence[str]) -> list[tuple[str, str]]:
    """The text of every file that is named, and of every YAML and JSON file in a folder that is named, also deeper
    within it; hidden files are left out. `-` is standard input.

    Raises:
        Failure: with everything that can't be read.
    """
    found: list[tuple[str, str]] = []
    problems: list[str] = []
    for path in dict.fromkeys(paths):
        try:
            files = _files_in(Path(path)) if path != "-" and Path(path).is_dir() else [path]
            found += [content(file) for file in files]
        except Failure as failure:
            problems.append(failure.message)
    if problems:
        raise usage(problems[0], None, *problems[1:])
    return found


def _files_in(folder: Path) -> list[str]:
    files = [
        str(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not files:
        raise usage(f"{folder} holds no file that ends in {', '.join(_SUFFIXES)}.")
    return files


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
