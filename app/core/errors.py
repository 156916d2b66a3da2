"""Errors that a caller can act on, and the two kinds of failures of an action.

The API returns a `UserError` as the GraphQL type with its class name, and masks all other errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.registers.common import CommonCode
from app.registers.register import ErrorCode
from app.releases.basis import Change
from app.releases.error_codes import ActionCode
from app.releases.texts import without_nul


@dataclass(frozen=True)
class Problem:
    """One problem with an input: its place (`path` in the input), and a sentence that suggests a solution."""

    path: tuple[str, ...]
    message: str
    line: int | None = None
    column: int | None = None
    """The position in a text, counted from 1."""


@dataclass
class UserError(Exception):
    """`message` is a sentence that suggests a solution. `path` is the place in the input."""

    code: ErrorCode
    message: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.message


@dataclass
class ValidationFailed(UserError):  # noqa: N818 - the API's name
    problems: list[Problem] = field(default_factory=list)


@dataclass
class NotFound(UserError):  # noqa: N818
    pass


@dataclass
class Conflict(UserError):  # noqa: N818
    """`changes` lists what has changed since the caller looked, as far as it is known."""

    changes: list[Change] = field(default_factory=list)


@dataclass
class Forbidden(UserError):  # noqa: N818
    pass


@dataclass
class ClusterUnreachable(UserError):  # noqa: N818
    clusters: list[str] = field(default_factory=list)


@dataclass
class RemovalUnconfirmed(UserError):  # noqa: N818
    """`removed` is the number that must be confirmed. `clusters` contains the names of all of them."""

    removed: int = 0
    clusters: list[str] = field(default_factory=list)


@dataclass
class RateLimited(UserError):  # noqa: N818
    """`retry_after` is in seconds."""

    retry_after: int = 1


def invalid(code: ErrorCode, message: str, *path: str) -> ValidationFailed:
    """Returns a ValidationFailed about one place."""
    return ValidationFailed(code, message, path, [Problem(path, message)])


def all_invalid(problems: Sequence[Problem]) -> ValidationFailed:
    """Returns a ValidationFailed about one or more places. Its message and path are those of the first one."""
    first, more = problems[0], len(problems) - 1
    message = first.message if not more else f"{first.message} ({more} more: see problems.)"
    return ValidationFailed(CommonCode.INVALID_INPUT, message, first.path, list(problems))


class ActionError(Exception):
    """An action on a cluster failed.

    `output` contains the output of Helm or the message of the API server. `wrote` is True if the action may have
    changed something on the cluster, so that another attempt creates another revision or runs a hook again. It is
    derived from the requests that were sent, and False only if none of them can have changed anything.
    """

    def __init__(self, code: ActionCode, message: str, output: str | None = None, *, wrote: bool = False) -> None:
        super().__init__(message)
        self.code = code
        # Charts, webhooks and clusters control this text.
        self.message = without_nul(message)
        self.output = output and without_nul(output)
        self.wrote = wrote


class TemporaryError(ActionError):
    """A failure that may not recur: the action is retried with backoff.

    `retry_after` is the pause in seconds that the other side requested. After `most` such failures in a row, the
    failure is permanent.
    """

    def __init__(
        self,
        code: ActionCode,
        message: str,
        output: str | None = None,
        *,
        wrote: bool = False,
        retry_after: float | None = None,
        most: int | None = None,
    ) -> None:
        super().__init__(code, message, output, wrote=wrote)
        self.retry_after = retry_after
        self.most = most


class PermanentError(ActionError):
    """A failure that recurs until something changes: it is reported immediately and not retried."""
