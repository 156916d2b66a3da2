"""What the commands about definitions share: those of workflows, of step types and of services."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli.failure import usage
from cli.output import ago
from cli.session import Session

Files = Annotated[
    list[str],
    typer.Option(
        "--file",
        "-f",
        help="A file with a definition, or a directory of such files; - reads standard input. Repeatable.",
        metavar="FILE",
    ),
]
Revision = Annotated[int | None, typer.Option(help="An earlier revision.", show_default="the current one")]


def print_definition(session: Session, command: str, found: Any, shown: Any, number: int) -> None:
    """Prints the text of a revision. `command` is the name of the group of commands."""
    name = found["name"]
    if shown is None:
        raise usage(f"There is no revision {number} of {name}.", f"List them: polyhelm {command} history {name}")
    if session.output.is_table:
        session.output.text(shown["definition"].rstrip("\n"))
    else:
        session.output.data(found, [name])


def list_revisions(session: Session, rows: Sequence[Any]) -> None:
    columns = {
        "REVISION": lambda row: row["number"],
        "AUTHOR": lambda row: row["author"],
        "AGE": lambda row: ago(row["createdAt"]),
    }
    session.output.listing(rows, columns, name=lambda row: str(row["number"]))


def list_definitions(session: Session, rows: Sequence[Any]) -> None:
    columns = {
        "NAME": lambda row: row["name"],
        "REVISION": lambda row: row["revision"],
        "AUTHOR": lambda row: row["current"] and row["current"]["author"],
        "AGE": lambda row: ago(row["updatedAt"]),
        "DESCRIPTION": lambda row: row["description"],
    }
    session.output.listing(rows, columns, name=lambda row: str(row["name"]))
