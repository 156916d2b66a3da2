"""Converts errors to what callers may see: a code and a message, without internals."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult as StrawberryResult

from app.core.database import holds_nul
from app.core.errors import UserError
from app.registers.requests import RequestCode
from app.releases.error_codes import ActionCode
from resolvers.engine import limits
from schema.context import UnauthenticatedError

log = structlog.get_logger()


_NO_OPERATION = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)


class Errors(SchemaExtension):
    """Passes on the code and the message of a user error. An unexpected error is logged under an ID, and the caller
    gets the ID alone."""

    async def on_operation(self) -> AsyncIterator[None]:
        try:
            yield
        except (*_NO_OPERATION, GraphQLError):
            raise  # each transport reports it in its own way
        except Exception as error:
            raise shown(GraphQLError(str(error), original_error=error)) from None
        result = self.execution_context.result
        if isinstance(result, ExecutionResult | StrawberryResult) and result.errors:
            result.errors = [shown(error) for error in result.errors]


def shown(error: GraphQLError) -> GraphQLError:
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if isinstance(error, GraphQLSyntaxError):
        return _error(error, error.message, code=limits.code_of(error))
    if cause is None:
        return error  # the query itself: validation, limits, variables
    if isinstance(cause, _NO_OPERATION):
        return _error(error, error.message, code=RequestCode.BAD_REQUEST)
    if holds_nul(cause):
        return _error(error, "Text cannot contain the character U+0000. Remove it.", code=RequestCode.NUL_IN_TEXT)
    if isinstance(cause, UserError):
        return _error(error, cause.message, code=cause.code, path=list(cause.path))
    if isinstance(cause, UnauthenticatedError):
        message = "Sign in, or send a valid API token, as `Authorization: Bearer …`."
        return _error(error, message, code=RequestCode.UNAUTHENTICATED)
    error_id = uuid.uuid4().hex
    log.error("graphql.failed", error_id=error_id, path=error.path, exc_info=cause)
    return _error(
        error, f"Internal error. The server's log has details under {error_id}.", code=ActionCode.INTERNAL, id=error_id
    )


def _error(error: GraphQLError, message: str, **extensions: Any) -> GraphQLError:
    return GraphQLError(message, nodes=error.nodes, path=error.path, extensions=extensions)
