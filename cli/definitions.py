"""What the commands about definitions share: those of workflows, of step types and of services."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from cli.failure import usage
from cli.files import contents
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
FIELDS = "id name description revision updatedAt"


@dataclass(frozen=True)
class Definitions:
    """The definitions of one kind: their group of commands, their noun in messages, and the query of one and of all."""

    command: str
    noun: str
    one: str
    all: str

    def ls(self, session: Session) -> None:
        query = f"""query ($organization: String, $first: Int, $after: String) {{
          {self.all}(organization: $organization, first: $first, after: $after) {{
            nodes {{ {FIELDS} current {{ author }} }} pageInfo {{ hasNextPage endCursor }}
          }}
        }}"""
        rows = list(session.pages(query))
        if not rows:
            session.tell(f"There are no {self.noun}s. Add one: polyhelm {self.command} apply -f FILE")
        columns = {
            "NAME": lambda row: row["name"],
            "REVISION": lambda row: row["revision"],
            "AUTHOR": lambda row: row["current"] and row["current"]["author"],
            "AGE": lambda row: ago(row["updatedAt"]),
            "DESCRIPTION": lambda row: row["description"],
        }
        session.output.listing(rows, columns, name=lambda row: str(row["name"]))

    def show(self, session: Session, name: str, revision: int | None) -> None:
        """Prints the current revision, or the one with this number."""
        text = "{ definition author createdAt }"
        if revision is None:
            found = self.find(session, f"{FIELDS} current {text}", name)
        else:
            found = self.find(session, f"{FIELDS} current: revisionByNumber(number: {revision}) {text}", name)
        print_definition(session, self.command, found, found["current"], revision)

    def history(self, session: Session, name: str) -> None:
        fields = "revisions(first: 100) { nodes { number author createdAt } }"
        list_revisions(session, self.find(session, fields, name)["revisions"]["nodes"])

    def find(self, session: Session, fields: str, name: str) -> Any:
        """These fields of the definition with this name."""
        query = f"""query ($organization: String, $name: String!) {{
          {self.one}(organization: $organization, name: $name) {{ {fields} }}
        }}"""
        hint = f"List {self.noun}s: polyhelm {self.command} ls"
        return session.find(query, f"There is no {self.noun} {name!r}.", hint, name=name)

    def apply(self, session: Session, files: Sequence[str], mutation: str, payload: str) -> None:
        """Saves the definitions in files. All files are read first."""
        made = []
        for text, source in contents(files):
            fields = f"... on {payload} {{ {self.one} {{ {FIELDS} }} }}"
            answer = session.mutate(mutation, fields, organization=session.organization, definition=text)
            found = answer[self.one]
            made.append(found)
            session.tell(f"{source}: {found['name']} is at revision {found['revision']}.")
        if not session.output.is_table:
            session.output.data(made, [row["name"] for row in made])


def print_definition(session: Session, command: str, found: Any, shown: Any, revision: int | None) -> None:
    """Prints the text of a revision, the current one without a number. `command` is the name of the group of
    commands."""
    name = found["name"]
    if shown is None:
        number = found["revision"] if revision is None else revision
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
