"""`polyhelm workflow`: definitions of workflows."""

from typing import Annotated, Any

import typer

from cli import names
from cli.command import Yes, remote
from cli.failure import usage
from cli.files import contents
from cli.output import ago
from cli.session import Session
from cli.terminal import confirm_name

workflow = typer.Typer(help="Workflows: definitions of steps, checked when they are saved.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A workflow's name.", autocompletion=names.workflows, metavar="NAME")]
Files = Annotated[
    list[str],
    typer.Option(
        "--file",
        "-f",
        help="A file with a definition, or a directory of such files; - reads standard input. Repeatable.",
        metavar="FILE",
    ),
]

_FIELDS = "id name description revision updatedAt"
_LIST = f"""query ($organization: String, $first: Int, $after: String) {{
  workflows(organization: $organization, first: $first, after: $after) {{
    nodes {{ {_FIELDS} current {{ author }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_ONE = f"""query ($organization: String, $name: String!) {{
  workflow(organization: $organization, name: $name) {{ {_FIELDS} current {{ definition author createdAt }} }}
}}"""
_EARLIER = f"""query ($organization: String, $name: String!, $number: Int!) {{
  workflow(organization: $organization, name: $name) {{
    {_FIELDS} current: revisionByNumber(number: $number) {{ definition author createdAt }}
  }}
}}"""
_REVISIONS = """query ($organization: String, $name: String!) {
  workflow(organization: $organization, name: $name) {
    revisions(first: 100) { nodes { number author createdAt } }
  }
}"""
_ID = """query ($organization: String, $name: String!) {
  workflow(organization: $organization, name: $name) { id }
}"""
_TYPES = "{ workflowStepTypes { name description inputs outputs example } }"
_PAYLOAD = f"... on WorkflowPayload {{ workflow {{ {_FIELDS} }} }}"


@remote(workflow, "ls")
def ls(session: Session) -> None:
    """List the workflows by name."""
    rows = list(session.pages(_LIST))
    if not rows:
        session.tell("There are no workflows. Add one: polyhelm workflow apply -f FILE")
    columns = {
        "NAME": lambda row: row["name"],
        "REVISION": lambda row: row["revision"],
        "AUTHOR": lambda row: row["current"] and row["current"]["author"],
        "AGE": lambda row: ago(row["updatedAt"]),
        "DESCRIPTION": lambda row: row["description"],
    }
    session.output.listing(rows, columns, name=lambda row: str(row["name"]))


@remote(workflow, "show")
def show(
    session: Session,
    name: Name,
    revision: Annotated[int | None, typer.Option(help="An earlier revision.", show_default="the current one")] = None,
) -> None:
    """Print the definition of a workflow."""
    found = _one(session, _ONE, name) if revision is None else _one(session, _EARLIER, name, number=revision)
    shown = found["current"]
    if shown is None:
        number = found["revision"] if revision is None else revision
        raise usage(f"There is no revision {number} of {name}.", f"List them: polyhelm workflow history {name}")
    if session.output.is_table:
        session.output.text(shown["definition"].rstrip("\n"))
    else:
        session.output.data(found, [name])


@remote(workflow, "history")
def history(session: Session, name: Name) -> None:
    """List the latest 100 revisions of a workflow, newest first."""
    rows = _one(session, _REVISIONS, name)["revisions"]["nodes"]
    columns = {
        "REVISION": lambda row: row["number"],
        "AUTHOR": lambda row: row["author"],
        "AGE": lambda row: ago(row["createdAt"]),
    }
    session.output.listing(rows, columns, name=lambda row: str(row["number"]))


@remote(workflow, "apply")
def apply(session: Session, file: Files) -> None:
    """Check and save the definitions in files. All files are read before any workflow is saved. Workflows that are in
    no file stay."""
    made = []
    for text, source in contents(file):
        answer = session.mutate("saveWorkflow", _PAYLOAD, organization=session.organization, definition=text)
        made.append(answer["workflow"])
        session.tell(f"{source}: {answer['workflow']['name']} is at revision {answer['workflow']['revision']}.")
    if not session.output.is_table:
        session.output.data(made, [row["name"] for row in made])


@remote(workflow, "types")
def types(session: Session) -> None:
    """List the types that steps can have. With -o json or -o yaml, also their inputs and outputs."""
    columns = {"TYPE": lambda row: row["name"], "DESCRIPTION": lambda row: row["description"]}
    session.output.listing(session.ask(_TYPES)["workflowStepTypes"], columns, name=lambda row: str(row["name"]))


@remote(workflow, "rm")
def rm(session: Session, name: Name, yes: Yes = False) -> None:
    """Delete a workflow with all its revisions."""
    found = _one(session, _ID, name)
    confirm_name(f"The workflow {name} will be deleted with all its revisions.", name, yes=yes)
    session.mutate("deleteWorkflow", "... on DeleteWorkflowPayload { id }", id=found["id"])
    session.tell(f"{name} deleted.")


def _one(session: Session, query: str, name: str, **given: Any) -> Any:
    hint = "List workflows: polyhelm workflow ls"
    return session.find(query, f"There is no workflow {name!r}.", hint, name=name, **given)
