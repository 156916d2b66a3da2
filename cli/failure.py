"""How a command fails: what is wrong, what to do next, and the exit code that scripts go by."""

from dataclasses import dataclass

FAILED, USAGE, NOT_CONVERGED = 1, 2, 3
DIFFERS = 2
"""The exit code of a command with --exit-code that has found a difference; all its failures have FAILED then."""

UNREACHABLE = "unreachable"
"""The kind of a failure that may be over soon: there is no connection to the server."""


@dataclass
class Failure(Exception):  # noqa: N818 - what it is to whoever reads the message
    """`message` is a sentence, `details` are lines below it, `next_step` says what to do about it. `kind` is the
    server's own code for it, where it has one."""

    message: str
    next_step: str | None = None
    details: tuple[str, ...] = ()
    code: int = FAILED
    kind: str | None = None

    def __str__(self) -> str:
        return self.message


def usage(message: str, next_step: str | None = None, *details: str) -> Failure:
    """What was typed, or written into a file, can't be meant."""
    return Failure(message, next_step, details, USAGE)


def not_converged(message: str, next_step: str | None = None, *details: str) -> Failure:
    """What was waited for has not come in time. Nothing is lost: the server goes on with it."""
    return Failure(message, next_step, details, NOT_CONVERGED)
