"""Whoever sits before the terminal: told things on standard error, asked before something is destroyed."""

import os
import re
import sys

import typer

from cli.failure import usage

_COLOURS = {
    typer.colors.GREEN: "DEPLOYED SUCCEEDED REACHABLE ACTIVE",
    typer.colors.YELLOW: "STALE PENDING_INSTALL PENDING_UPGRADE PENDING_ROLLBACK DELETING RUNNING PENDING IN_PROGRESS",
    typer.colors.RED: "FAILED UNREACHABLE UNAUTHORIZED MISMATCHED",
    typer.colors.MAGENTA: "UNKNOWN",
    typer.colors.BRIGHT_BLACK: "NOT_INSTALLED DELETED SUPERSEDED CANCELLED DISABLED NONE",
    typer.colors.CYAN: "INSTALL UPGRADE ROLLBACK UNINSTALL",
}
_COLOUR_OF = {word: colour for colour, words in _COLOURS.items() for word in words.split()}
_STATE = re.compile(r"(?<![\w-])(" + "|".join(sorted(_COLOUR_OF, key=len, reverse=True)) + r")(?![\w-])")


def is_capable(stream: object) -> bool:
    """Whether a stream leads to a terminal that shows colours and moves its cursor."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def coloured(text: str) -> str:
    """The same with its states in colour. They are words all the same: colour alone tells nothing."""
    return _STATE.sub(lambda found: typer.style(found[0], fg=_COLOUR_OF[found[0]]), text)


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys or what changes the order of letters, except for tabs and line ends."""


def printable(text: str) -> str:
    """The text with escapes in place of control characters. Charts, clusters and other users choose parts of what is
    printed, and a terminal would execute them: hide lines, change its title, fill its input."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\r\n", "\n"))


def tell(text: str, *, quiet: bool = False) -> None:
    """Says something that is not the answer itself."""
    if not quiet:
        text = printable(text)
        print(coloured(text) if is_capable(sys.stderr) else text, file=sys.stderr, flush=True)  # noqa: T201


def confirm(question: str, *, yes: bool) -> None:
    """Asks, unless it was answered by --yes before.

    Raises:
        Failure: where there is nobody to ask.
        typer.Abort: where the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage("This has to be confirmed, and nobody is there to ask.", "Add --yes to do it without asking.")
    typer.confirm(question, abort=True, err=True)


def confirm_name(what: str, name: str, *, yes: bool) -> None:
    """Asks for the name of what is to be destroyed: a reflex answers a question with yes, not with a name."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage("This has to be confirmed, and nobody is there to ask.", "Add --yes to do it without asking.")
    if typer.prompt(f"{what}\nType {name} to confirm", err=True) != name:
        raise typer.Abort
