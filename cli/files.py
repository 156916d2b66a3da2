"""Input from files or standard input."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.failure import Failure, usage

_SUFFIXES = (".yaml", ".yml", ".json")
"""The suffixes of files that are read in a directory."""


def content(file: str) -> tuple[str, str]:
    """Returns a file's text and its name for messages. `-` is standard input."""
    if file == "-":
        return sys.stdin.read(), "standard input"
    try:
        return Path(file).read_text(), file
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"{file} cannot be read: {getattr(error, 'strerror', error)}") from None


def contents(paths: Sequence[str]) -> list[tuple[str, str]]:
    """Returns the text of every named file, and of every YAML and JSON file below a named directory, except hidden
    ones. `-` is standard input.

    Raises:
        Failure: Some files cannot be read. It lists them all.
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
        raise usage(f"{folder} contains no file that ends in {', '.join(_SUFFIXES)}.")
    return files


def read_map(text: str, source: str) -> dict[str, Any]:
    """Parses a YAML or JSON map. Dates stay text, because JSON has no dates."""
    import yaml

    from cli.nodes import Loader

    try:
        found = yaml.load(text, Loader=Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise usage(f"{source} is not valid YAML: {error}") from None
    if not isinstance(found, dict):
        raise usage(f"{source} does not contain a map.", "Write it as `key: value`, one per line.")
    return found
