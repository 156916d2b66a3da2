"""`polyhelm step`: step types of the organization, which are made of other steps."""

from typing import Annotated

import typer

from cli import names
from cli.command import Yes, remote
from cli.definitions import Definitions, Files, Revision
from cli.session import Session
from cli.terminal import confirm_name

step = typer.Typer(help="Step definitions: step types for workflows, made of other steps.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A step definition's name.", autocompletion=names.steps, metavar="NAME")]

_STEPS = Definitions("step", "step definition", "stepDefinition", "stepDefinitions")


@remote(step, "ls")
def ls(session: Session) -> None:
    """List the step definitions by name. `polyhelm workflow types` lists the built-in step types."""
    _STEPS.ls(session)


@remote(step, "show")
def show(session: Session, name: Name, revision: Revision = None) -> None:
    """Print a step definition."""
    _STEPS.show(session, name, revision)


@remote(step, "history")
def history(session: Session, name: Name) -> None:
    """List the latest 100 revisions of a step definition, newest first."""
    _STEPS.history(session, name)


@remote(step, "apply")
def apply(session: Session, file: Files) -> None:
    """Check and save the definitions in files, in their order. All files are read before any definition is saved. Runs
    that were started keep the steps that they have."""
    _STEPS.apply(session, file, "saveStepDefinition", "StepDefinitionPayload")


@remote(step, "rm")
def rm(session: Session, name: Name, yes: Yes = False) -> None:
    """Delete a step definition that nothing uses, with all its revisions."""
    found = _STEPS.find(session, "id", name)
    confirm_name(f"The step definition {name} will be deleted with all its revisions.", name, yes=yes)
    session.mutate("deleteStepDefinition", "... on DeleteStepDefinitionPayload { id }", id=found["id"])
    session.tell(f"{name} deleted.")
