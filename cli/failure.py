"""Errors of commands: the problem, the next step, and the exit code for scripts."""

from dataclasses import dataclass

FAILED, USAGE, NOT_CONVERGED = 1, 2, 3
DIFFERS = 2
"""The exit code of a command with --exit-code that has found a difference. Its failures exit with FAILED."""

UNREACHABLE = "unreachable"
"""The kind of a failure that may be temporary: there is no connection to the server."""


@dataclass
class Failure(Exception):  # noqa: N818 - it is a failure for the reader of the message
    """`message` is a sentence, `details` are lines below it, and `next_step` suggests what to do. `kind` is the
    server's error code, if there is one."""

    message: str
    next_step: str | None = None
    details: tuple[str, ...] = ()
    code: int = FAILED
    kind: str | None = None

    def __str__(self) -> str:
        return self.message


def usage(message: str, next_step: str | None = None, *details: str) -> Failure:
    """The command line or a file is not valid."""
    return Failure(message, next_step, details, USAGE)


def not_converged(message: str, next_step: str | None = None, *details: str) -> Failure:
    """A timeout while waiting. Nothing is lost: the server continues."""
    return Failure(message, next_step, details, NOT_CONVERGED)
