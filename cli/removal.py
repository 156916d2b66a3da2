"""Confirmation of removing clusters from a deployment's targets or a group's members."""

import sys
from collections.abc import Sequence

import typer

from cli.failure import usage
from cli.summary import named

REMOVAL_FIELDS = "removal { count clusters needsConfirmation }"


def confirm_removal(clusters: Sequence[str], number: int | None, *, is_needed: bool) -> None:
    """Requires a confirmation of the number of removed clusters, by --confirm-removal or by typing it. --yes does not
    confirm it.

    Raises:
        Failure: Another number was given, or there is no terminal.
        typer.Abort: Another number was typed.
    """
    count = len(clusters)
    if number == count or count == 0 or (number is None and not is_needed):
        return
    what = f"{count} {'cluster' if count == 1 else 'clusters'} would be removed: {named(clusters)}."
    if number is not None:
        raise usage(f"--confirm-removal is {number}, but {what}", f"To confirm it: --confirm-removal {count}")
    if not sys.stdin.isatty():
        raise usage(f"This requires confirmation: {what}", f"Add --confirm-removal {count} to confirm it.")
    if typer.prompt(f"{what}\nType the number of clusters to confirm", err=True) != str(count):
        raise typer.Abort
