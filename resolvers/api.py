"""The executable schema: roots, limits, caches, and what callers get to see of an error."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import strawberry
import structlog
from graphql import ExecutionResult, GraphQLError
from strawberry.extensions import (
    AddValidationRules,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    ParserCache,
    QueryDepthLimiter,
    SchemaExtension,
    ValidationCache,
)

from app.errors import UserError
from resolvers.mutations import Mutation
from resolvers.queries import Query
from schema.charts import ChartRepository
from schema.clusters import Cluster
from schema.context import UnauthenticatedError
from schema.deployments import Deployment, DeploymentTarget
from schema.groups import ClusterGroup
from schema.identity import User
from schema.operations import Operation

log = structlog.get_logger()


class _Errors(SchemaExtension):
    """A user error keeps its code and words; what nobody planned for is logged under an id, and only the id is told."""

    async def on_operation(self) -> AsyncIterator[None]:
        yield
        result = self.execution_context.result
        if isinstance(result, ExecutionResult) and result.errors:
            result.errors = [_shown(error) for error in result.errors]


def _shown(error: GraphQLError) -> GraphQLError:
    cause = error.original_error
    if cause is None:
        return error  # the query itself: syntax, validation, limits
    if isinstance(cause, UserError):
        return _error(error, cause.message, code=cause.code, path=list(cause.path))
    if isinstance(cause, UnauthenticatedError):
        message = "Send a valid API token, as `Authorization: Bearer …`."
        return _error(error, message, code="unauthenticated")
    error_id = uuid.uuid4().hex
    log.error("graphql.failed", error_id=error_id, path=error.path, exc_info=cause)
    return _error(error, f"Something went wrong here. The log has it under {error_id}.", code="internal", id=error_id)


def _error(error: GraphQLError, message: str, **extensions: Any) -> GraphQLError:
    return GraphQLError(message, nodes=error.nodes, path=error.path, extensions=extensions)


# Each of these limiters makes a rule of its own when it is made, and validated documents are remembered by the rules:
# made anew for each request, they would have every document validated every time.
_LIMITS = [
    *QueryDepthLimiter(max_depth=15).validation_rules,
    *MaxAliasesLimiter(max_alias_count=100).validation_rules,
]

api = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[ChartRepository, Cluster, ClusterGroup, Deployment, DeploymentTarget, Operation, User],
    extensions=[
        _Errors,
        lambda: MaxTokensLimiter(max_token_count=10_000),
        lambda: AddValidationRules(_LIMITS),
        lambda: ParserCache(maxsize=500),
        lambda: ValidationCache(maxsize=500),
    ],
)


def printed_schema() -> str:
    return api.as_str() + "\n"
