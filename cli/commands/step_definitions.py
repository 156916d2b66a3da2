"""`polyhelm step`: step types of the organization, which are made of other steps."""

from typing import Annotated, Any

import typer

from cli import names
from cli.command import Yes, remote
from cli.definitions import Files, Revision, list_definitions, list_revisions, print_definition
from cli.files import contents
from cli.session import Session
from cli.terminal import confirm_name

step = typer.Typer(help="Step definitions: step types for workflows, made of other steps.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A step definition's name.", autocompletion=names.steps, metavar="NAME")]

_FIELDS = "id name description revision updatedAt"
_LIST = f"""query ($organization: String, $first: Int, $after: String) {{
  stepDefinitions(organization: $organization, first: $first, after: $after) {{
    nodes {{ {_FIELDS} current {{ author }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_ONE = f"""query ($organization: String, $name: String!) {{
  stepDefinition(organization: $organization, name: $name) {{ {_FIELDS} current {{ definition author createdAt }} }}
}}"""
_EARLIER = f"""query ($organization: String, $name: String!, $number: Int!) {{
  stepDefinition(organization: $organization, name: $name) {{
    {_FIELDS} current: revisionByNumber(number: $number) {{ definition author createdAt }}
  }}
}}"""
_REVISIONS = """query ($organization: String, $name: String!) {
  stepDefinition(organization: $organization, name: $name) {
    revisions(first: 100) { nodes { number author createdAt } }
  }
}"""
_PAYLOAD = f"... on StepDefinitionPayload {{ stepDefinition {{ {_FIELDS} }} }}"


@remote(step, "ls")
def ls(session: Session) -> None:
    """List the step definitions by name. `polyhelm workflow types` lists the built-in step types."""
    rows = list(session.pages(_LIST))
    if not rows:
        session.tell("There are no step definitions. Add one: polyhelm step apply -f FILE")
    list_definitions(session, rows)


@remote(step, "show")
def show(session: Session, name: Name, revision: Revision = None) -> None:
    """Print a step definition."""
    found = _one(session, _ONE, name) if revision is None else _one(session, _EARLIER, name, number=revision)
    print_definition(session, "step", found, found["current"], revision or found["revision"])


@remote(step, "history")
def history(session: Session, name: Name) -> None:
    """List the latest 100 revisions of a step definition, newest first."""
    list_revisions(session, _one(session, _REVISIONS, name)["revisions"]["nodes"])


@remote(step, "apply")
def apply(session: Session, file: Files) -> None:
    """Check and save the definitions in files, in their order. All files are read before any definition is saved. Runs
    that were started keep the steps that they have."""
    made = []
    for text, source in contents(file):
        answer = session.mutate("saveStepDefinition", _PAYLOAD, organization=session.organization, definition=text)
        found = answer["stepDefinition"]
        made.append(found)
        session.tell(f"{source}: {found['name']} is at revision {found['revision']}.")
    if not session.output.is_table:
        session.output.data(made, [row["name"] for row in made])


@remote(step, "rm")
def rm(session: Session, name: Name, yes: Yes = False) -> None:
    """Delete a step definition that nothing uses, with all its revisions."""
    found = _one(session, _ONE, name)
    confirm_name(f"The step definition {name} will be deleted with all its revisions.", name, yes=yes)
    session.mutate("deleteStepDefinition", "... on DeleteStepDefinitionPayload { id }", id=found["id"])
    session.tell(f"{name} deleted.")


def _one(session: Session, query: str, name: str, **given: Any) -> Any:
    hint = "List step definitions: polyhelm step ls"
    return session.find(query, f"There is no step definition {name!r}.", hint, name=name, **given)
