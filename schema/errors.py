"""The errors a caller can act on, as members of the mutations' result unions."""

import strawberry

from app.core import errors


@strawberry.type(description="One thing wrong with an input.")
class Problem:
    path: list[str] = strawberry.field(description="Where, from the input's top.")
    message: str
    line: int | None = strawberry.field(default=None, description="Where it is in a text, counted from 1.")
    column: int | None = None

    @classmethod
    def of(cls, problem: errors.Problem) -> "Problem":
        return cls(path=list(problem.path), message=problem.message, line=problem.line, column=problem.column)


@strawberry.interface(description="An error that the caller can act on.")
class UserError:
    code: str = strawberry.field(description="Stable and machine-readable: docs/reference/errors.md lists all codes.")
    message: str = strawberry.field(description="One sentence that says what to do.")
    path: list[str] = strawberry.field(description="Into `input`; empty when it is about the whole.")


@strawberry.type(description="The input is not valid.")
class ValidationFailed(UserError):
    problems: list[Problem]


@strawberry.type(description="There is no such object, or none that the caller may see.")
class NotFound(UserError):
    pass


@strawberry.type(description="It does not go together with what is there.")
class Conflict(UserError):
    pass


@strawberry.type(description="The caller's role does not allow it.")
class Forbidden(UserError):
    pass


@strawberry.type(description="Clusters that have to be asked can't be reached.")
class ClusterUnreachable(UserError):
    clusters: list[str] = strawberry.field(description="Their names.")


@strawberry.type(
    description="The update would remove many clusters, or all of them. To confirm it, repeat it with `confirmRemoval`."
)
class RemovalUnconfirmed(UserError):
    removed: int = strawberry.field(description="How many clusters would be removed: the number to confirm.")
    clusters: list[str] = strawberry.field(description="The names of all of them.")


@strawberry.type(description="It was tried too often.")
class RateLimited(UserError):
    retry_after: int = strawberry.field(description="Seconds after which to try again.")


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
        return Conflict(code=error.code, message=error.message, path=path)
    if isinstance(error, errors.RemovalUnconfirmed):
        return RemovalUnconfirmed(
            code=error.code, message=error.message, path=path, removed=error.removed, clusters=error.clusters
        )
    if isinstance(error, errors.RateLimited):
        return RateLimited(code=error.code, message=error.message, path=path, retry_after=error.retry_after)
    assert isinstance(error, errors.Forbidden)
    return Forbidden(code=error.code, message=error.message, path=path)
