"""Errors a caller can act on, and the two kinds of failure of an action.

A `UserError` crosses the API as the GraphQL type of its class name. Anything else that is raised is masked there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.registers.common import CommonCode
from app.registers.register import ErrorCode
from app.releases.error_codes import ActionCode
from app.releases.texts import without_nul


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where (`path` into the input) and what, in a sentence that says what to do."""

    path: tuple[str, ...]
    message: str
    line: int | None = None
    column: int | None = None
    """Where it is in a text, counted from 1."""


@dataclass
class UserError(Exception):
    """`message` is a sentence that says what to do, `path` leads into the input."""

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
    pass


@dataclass
class Forbidden(UserError):  # noqa: N818
    pass


@dataclass
class ClusterUnreachable(UserError):  # noqa: N818
    clusters: list[str] = field(default_factory=list)


@dataclass
class RemovalUnconfirmed(UserError):  # noqa: N818
    """`removed` is the number that has to be confirmed, `clusters` names them all."""

    removed: int = 0
    clusters: list[str] = field(default_factory=list)


@dataclass
class RateLimited(UserError):  # noqa: N818
    """`retry_after` is in seconds."""

    retry_after: int = 1


def invalid(code: ErrorCode, message: str, *path: str) -> ValidationFailed:
    """A ValidationFailed about one place."""
    return ValidationFailed(code, message, path, [Problem(path, message)])


def all_invalid(problems: Sequence[Problem]) -> ValidationFailed:
    """A ValidationFailed about one or more places; its own message and path are the first one's."""
    first, more = problems[0], len(problems) - 1
    message = first.message if not more else f"{first.message} (And {more} more: see problems.)"
    return ValidationFailed(CommonCode.INVALID_INPUT, message, first.path, list(problems))


class ActionError(Exception):
    """An action on a member failed. `output` holds the words of Helm or the API server.

    `wrote` is True where the action may have changed something on the member, so that another try makes another
    revision or runs a hook again. It is set from the requests that were sent, and False only where none of them can
    have changed anything.
    """

    def __init__(self, code: ActionCode, message: str, output: str | None = None, *, wrote: bool = False) -> None:
        super().__init__(message)
        self.code = code
        # Charts, webhooks and members choose these words.
        self.message = without_nul(message)
        self.output = output and without_nul(output)
        self.wrote = wrote


class TemporaryError(ActionError):
    """It may succeed later without anything else being changed: it is tried again, with backoff. `retry_after` is in
    seconds, where the other side asked for a pause. One that comes `most` times in a row is permanent after all."""

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
    """It fails in the same way until something changes: it is reported at once and not repeated."""
