"""`polyhelm completion`: shell completion of commands, options and names."""

import os
from enum import StrEnum
from typing import Annotated

import typer

# Typer offers these only as options of the program, and only for the current shell.
from typer._completion_classes import completion_init
from typer._completion_shared import get_completion_script, install

_PROGRAM, _VARIABLE = "polyhelm", "_POLYHELM_COMPLETE"


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell.")],
    into_profile: Annotated[
        bool, typer.Option("--install", help="Install the script for the shell instead of printing it.")
    ] = False,
) -> None:
    """Print a shell completion script for commands, options and names on the server."""
    if into_profile:
        _, path = install(shell=shell, prog_name=_PROGRAM, complete_var=_VARIABLE)
        typer.echo(f"Completion installed in {path}. It takes effect in new shells.", err=True)
    else:
        typer.echo(get_completion_script(prog_name=_PROGRAM, complete_var=_VARIABLE, shell=shell))


def prepare() -> None:
    """Answers the shell if the shell requests a completion."""
    if _VARIABLE in os.environ:
        completion_init()
