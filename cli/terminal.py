"""Messages on standard error, and questions before destructive actions."""

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
    """Returns whether a stream is a terminal that supports colors and cursor movement."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def coloured(text: str) -> str:
    """Colors the states in a text. The words remain, because color alone has no meaning."""
    return _STATE.sub(lambda found: typer.style(found[0], fg=_COLOUR_OF[found[0]]), text)


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys or what changes the order of letters, except for tabs and line ends."""


def printable(text: str) -> str:
    """The text with escapes in place of control characters. Charts, clusters and other users choose parts of what is
    printed, and a terminal would execute them: hide lines, change its title, fill its input."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\r\n", "\n"))


def tell(text: str, *, quiet: bool = False) -> None:
    """Prints a message that is not the answer itself."""
    if not quiet:
        text = printable(text)
        print(coloured(text) if is_capable(sys.stderr) else text, file=sys.stderr, flush=True)  # noqa: T201


def confirm(question: str, *, yes: bool) -> None:
    """Asks for confirmation, unless --yes was given.

    Raises:
        Failure: There is no terminal.
        typer.Abort: The user declined.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage("This requires confirmation, and there is no terminal.", "Add --yes to confirm it.")
    typer.confirm(question, abort=True, err=True)


def confirm_name(what: str, name: str, *, yes: bool, option: str = "--yes") -> None:
    """Asks the user to type the name of what will be deleted, because a question is easily answered with yes by
    habit. `option` confirms without a terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage("This requires confirmation, and there is no terminal.", f"Add {option} to confirm it.")
    if typer.prompt(f"{what}\nType {name} to confirm", err=True) != name:
        raise typer.Abort
