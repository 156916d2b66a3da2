"""How somebody confirms that clusters are removed from a deployment's targets or a group's members."""

import sys
from collections.abc import Sequence

import typer

from cli.failure import usage
from cli.summary import named

REMOVAL_FIELDS = "removal { count clusters needsConfirmation }"


def confirm_removal(clusters: Sequence[str], number: int | None, *, is_needed: bool) -> None:
    """Has somebody confirm how many clusters are removed, by --confirm-removal or by typing the number; --yes is no
    answer to this.

    Raises:
        Failure: where another number was given, or there is nobody to ask.
        typer.Abort: where another number is typed.
    """
    count = len(clusters)
    if number == count or count == 0 or (number is None and not is_needed):
        return
    what = f"{count} {'cluster' if count == 1 else 'clusters'} would be removed: {named(clusters)}."
    if number is not None:
        raise usage(f"--confirm-removal is {number}, but {what}", f"To confirm it: --confirm-removal {count}")
    if not sys.stdin.isatty():
        raise usage(f"This has to be confirmed: {what}", f"Add --confirm-removal {count} to confirm it.")
    if typer.prompt(f"{what}\nType the number of clusters to confirm", err=True) != str(count):
        raise typer.Abort
