"""The errors a caller can act on, as members of the mutations' result unions."""

from collections.abc import Iterable

import strawberry

from app.core import errors
from app.releases import basis
from app.releases.basis import ChangeKind
from schema.list_length import usually


@strawberry.type(description="A problem with an input.")
class Problem:
    path: list[str] = strawberry.field(description="The path from the top of the input.")
    message: str
    line: int | None = strawberry.field(default=None, description="The line in a text, counted from 1.")
    column: int | None = None

    @classmethod
    def of(cls, problem: errors.Problem) -> "Problem":
        return cls(path=list(problem.path), message=problem.message, line=problem.line, column=problem.column)


@strawberry.interface(description="An error that the caller can resolve.")
class UserError:
    code: str = strawberry.field(description="Stable and machine-readable: docs/reference/errors.md lists all codes.")
    message: str = strawberry.field(description="One sentence for people that says what is wrong and what to do.")
    path: list[str] = strawberry.field(
        description="The path into `input`; empty if the error concerns the whole input."
    )


@strawberry.type(description="The input is not valid.")
class ValidationFailed(UserError):
    problems: list[Problem]


@strawberry.type(description="The object does not exist, or the caller cannot see it.")
class NotFound(UserError):
    pass


strawberry.enum(ChangeKind, description="What has changed since a plan was made.")


@strawberry.type(description="Something that has changed since a plan was made.")
class Change:
    kind: ChangeKind
    message: str = strawberry.field(description="One sentence that names what has changed.")
    cluster: str | None = strawberry.field(description="The cluster; null if it concerns the whole deployment.")


@strawberry.type(description="The request conflicts with the current state.")
class Conflict(UserError):
    changes: list[Change] = strawberry.field(
        metadata=usually(1), description="What has changed since the plan was made, for the code `plan_outdated`."
    )


def changes_of(found: Iterable[basis.Change]) -> list[Change]:
    return [Change(kind=change.kind, message=change.message, cluster=change.cluster) for change in found]


@strawberry.type(description="The role of the caller does not allow the request.")
class Forbidden(UserError):
    pass


@strawberry.type(description="Clusters that are needed for the request are unreachable.")
class ClusterUnreachable(UserError):
    clusters: list[str] = strawberry.field(description="The names of the unreachable clusters.")


@strawberry.type(
    description="The update would remove many clusters, or all of them. To confirm it, repeat it with `confirmRemoval`."
)
class RemovalUnconfirmed(UserError):
    removed: int = strawberry.field(description="The number of clusters that would be removed, for `confirmRemoval`.")
    clusters: list[str] = strawberry.field(description="The names of the clusters that would be removed.")


@strawberry.type(description="There were too many requests.")
class RateLimited(UserError):
    retry_after: int = strawberry.field(description="The number of seconds after which to try again.")


AnyError = ValidationFailed | NotFound | Conflict | Forbidden | ClusterUnreachable | RemovalUnconfirmed | RateLimited


def to_graphql(error: errors.UserError) -> AnyError:
    """The error in the shape of the API."""
    path = list(error.path)
    if isinstance(error, errors.ValidationFailed):
        problems = list(map(Problem.of, error.problems))
        return ValidationFailed(code=error.code, message=error.message, path=path, problems=problems)
    if isinstance(error, errors.ClusterUnreachable):
        return ClusterUnreachable(code=error.code, message=error.message, path=path, clusters=error.clusters)
    if isinstance(error, errors.NotFound):
        return NotFound(code=error.code, message=error.message, path=path)
    if isinstance(error, errors.Conflict):
        return Conflict(code=error.code, message=error.message, path=path, changes=changes_of(error.changes))
    if isinstance(error, errors.RemovalUnconfirmed):
        return RemovalUnconfirmed(
            code=error.code, message=error.message, path=path, removed=error.removed, clusters=error.clusters
        )
    if isinstance(error, errors.RateLimited):
        return RateLimited(code=error.code, message=error.message, path=path, retry_after=error.retry_after)
    assert isinstance(error, errors.Forbidden)
    return Forbidden(code=error.code, message=error.message, path=path)
