"""Output of commands: a table for people; JSON, YAML or names for programs."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cli.terminal import coloured, is_capable, printable

Row = Mapping[str, Any]
Columns = dict[str, Callable[[Any], object]]
"""Column titles, and the value that each column shows."""


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"
    MARKDOWN = "markdown"


class Output:
    def __init__(self, form: Format) -> None:
        self.format = form
        self._coloured = is_capable(sys.stdout)

    @property
    def is_table(self) -> bool:
        return self.format is Format.TABLE

    def listing(self, rows: Sequence[Row], columns: Columns, *, name: Callable[[Any], str]) -> None:
        """Prints a list of objects. For an empty list, prints only the empty list of JSON or YAML."""
        if self.is_table:
            self.text("\n".join(table_lines(rows, columns)))
        else:
            self.data(list(rows), [name(row) for row in rows])

    def data(self, value: object, names: Iterable[str]) -> None:
        """Prints an object for programs: as received from the API, or by its names only."""
        if self.format is Format.JSON:
            self.text(json.dumps(value, indent=2, ensure_ascii=False))
        elif self.format is Format.YAML:
            self.text(as_yaml(value).rstrip("\n"))
        else:
            self.text("\n".join(names))

    def diff(self, text: str) -> None:
        """Prints a unified diff, with colors on a terminal."""
        import typer

        sides = {"+": typer.colors.GREEN, "-": typer.colors.RED, "#": typer.colors.BRIGHT_BLACK}
        for line in map(printable, text.splitlines()):
            colour = sides.get(line[:1]) if self._coloured else None
            print(typer.style(line, fg=colour) if colour else line)  # noqa: T201

    def text(self, text: str) -> None:
        if text:
            text = printable(text)
            print(coloured(text) if self._coloured and self.is_table else text, flush=True)  # noqa: T201


def table_lines(rows: Sequence[Row], columns: Columns) -> list[str]:
    """Formats columns as wide as their contents. Nothing is truncated, for `grep` and `awk`."""
    if not rows:
        return []
    cells = [[str(shown(of(row))) for of in columns.values()] for row in rows]
    return aligned([list(columns), *cells])


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    return [
        "   ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def fields(pairs: Mapping[str, object]) -> str:
    """Formats one object's fields, one per line. Unknown fields are omitted."""
    return "\n".join(
        aligned([[f"{title}:", str(value)] for title, value in pairs.items() if value not in (None, "", [], {})])
    )


def shown(value: object) -> object:
    """Formats a cell. An empty one is a dash, so that each line has as many words as columns."""
    return "-" if value in (None, "") else value


def one_line(sentences: Iterable[str]) -> str:
    """Joins sentences into one line without duplicates, separated by semicolons where they have no final
    punctuation."""
    ended = (text if text.endswith((".", "!", "?", ")")) else f"{text};" for text in dict.fromkeys(sentences))
    return " ".join(ended).replace("\n", " ").removesuffix(";")


def as_yaml(value: object) -> str:
    """Formats YAML that every parser reads in the same way, whatever its version of YAML."""
    import yaml

    class Dumper(yaml.CSafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    def write(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text and _is_block(text) else None
        if style is None and not _is_plainly_text(text):
            style = '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, write)
    written: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return written


_WORDS = frozenset(["y", "yes", "n", "no", "on", "off", "true", "false", "null", "nan", "inf"])
_PLAIN = re.compile(r"[^\W\d_][\w ./:@,()+=-]*|\d+\.\d+\.\d+[\w.+-]*")


def _is_plainly_text(text: str) -> bool:
    """Returns whether the text certainly needs no quotes in any version of YAML."""
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def _is_block(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


def minute(moment: str | None) -> str | None:
    """Formats a timestamp in the local time zone, to the minute."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M %Z") if moment else None


def ago(moment: str | None) -> str | None:
    """Formats the age of a timestamp in its largest unit."""
    if moment is None:
        return None
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
