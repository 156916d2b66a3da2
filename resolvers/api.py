"""The executable schema: roots, limits, caches, and what callers get to see of an error."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import strawberry
import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSyntaxError
from starlette.requests import Request
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionContext
from strawberry.types.execution import ExecutionResult as StrawberryResult
from strawberry.types.graphql import OperationType

from app.core.database import holds_nul
from app.core.errors import UserError
from app.core.settings import Settings
from app.registers.requests import RequestCode
from app.releases.error_codes import ActionCode
from resolvers import limits
from resolvers.documents import Documents
from resolvers.execution import Execution
from resolvers.loaders import Loaders
from resolvers.mutations import Mutation
from resolvers.queries import Query
from resolvers.subscriptions import Subscription
from schema.charts import ChartRepository
from schema.clusters import Cluster
from schema.context import Context, UnauthenticatedError
from schema.deployments import Deployment, DeploymentTarget
from schema.groups import ClusterGroup
from schema.identity import User
from schema.operations import Operation
from schema.secrets import Secret

log = structlog.get_logger()


_NO_OPERATION = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)


class _Errors(SchemaExtension):
    """A user error keeps its code and words; what nobody planned for is logged under an id, and only the id is told."""

    async def on_operation(self) -> AsyncIterator[None]:
        try:
            yield
        except (*_NO_OPERATION, GraphQLError):
            raise  # to be told by each transport in its own way
        except Exception as error:
            raise _shown(GraphQLError(str(error), original_error=error)) from None
        result = self.execution_context.result
        if isinstance(result, ExecutionResult | StrawberryResult) and result.errors:
            result.errors = [_shown(error) for error in result.errors]


_STREAM = "text/event-stream"


def wants_stream(accept: str) -> bool:
    """Whether a client wants server-sent events, by its Accept header. Many list them behind JSON with every query:
    they want JSON."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return _STREAM in kinds and not any(kind.endswith("json") for kind in kinds[: kinds.index(_STREAM)])


class _Streams(SchemaExtension):
    """A subscription needs a connection on which more than one answer can come."""

    async def on_execute(self) -> AsyncIterator[None]:
        request = self.execution_context.context.request
        subscribes = self.execution_context.operation_type is OperationType.SUBSCRIPTION
        if subscribes and isinstance(request, Request) and not wants_stream(request.headers.get("accept", "")):
            message = f"Subscribe over a WebSocket (graphql-transport-ws), or accept {_STREAM} (graphql-sse)."
            raise GraphQLError(message, extensions={"code": RequestCode.NEEDS_STREAM})
        yield


class _TimeLimit(SchemaExtension):
    async def on_execute(self) -> AsyncIterator[None]:
        if self.execution_context.operation_type is OperationType.SUBSCRIPTION:
            yield
            return
        settings: Settings = self.execution_context.context.services.settings
        try:
            async with asyncio.timeout(settings.operation_timeout):
                yield
        except TimeoutError:
            raise limits.timed_out(settings) from None


class _Subscribers(SchemaExtension):
    _counts = False

    def on_operation(self) -> Iterator[None]:
        """Goes on until a subscription ends."""
        try:
            yield
        finally:
            if self._counts:
                self._count(-1)

    def on_execute(self) -> Iterator[None]:
        context: Context = self.execution_context.context
        subscribes = self.execution_context.operation_type is OperationType.SUBSCRIPTION
        if subscribes and context.signed_in is not None:
            most = context.services.settings.user_subscriptions
            if context.subscribed[context.signed_in.user_id] >= most:
                raise limits.too_many_subscriptions(most)
            self._counts = True
            self._count(1)
        yield

    def _count(self, change: int) -> None:
        context: Context = self.execution_context.context
        user_id = context.viewer.user_id
        context.subscribed[user_id] += change
        if not context.subscribed[user_id]:
            del context.subscribed[user_id]


class _FreshLoaders(SchemaExtension):
    """A WebSocket has one context for all of its operations; what one has loaded is old for the next."""

    async def on_operation(self) -> AsyncIterator[None]:
        context: Context = self.execution_context.context
        context.load = Loaders(context.services.database, context.services.settings.cluster_concurrency)
        yield


def _shown(error: GraphQLError) -> GraphQLError:
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
        return _error(error, "Text can't have the character U+0000: leave it out.", code=RequestCode.NUL_IN_TEXT)
    if isinstance(cause, UserError):
        return _error(error, cause.message, code=cause.code, path=list(cause.path))
    if isinstance(cause, UnauthenticatedError):
        message = "Sign in, or send a valid API token, as `Authorization: Bearer …`."
        return _error(error, message, code=RequestCode.UNAUTHENTICATED)
    error_id = uuid.uuid4().hex
    log.error("graphql.failed", error_id=error_id, path=error.path, exc_info=cause)
    return _error(
        error, f"Something went wrong here. The log has it under {error_id}.", code=ActionCode.INTERNAL, id=error_id
    )


def _error(error: GraphQLError, message: str, **extensions: Any) -> GraphQLError:
    return GraphQLError(message, nodes=error.nodes, path=error.path, extensions=extensions)


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing is logged here: `_shown` logs what nobody planned for, and not every refusal with a traceback.

        The errors of what a subscription tells come by here alone. An extension's hook for each of them would cost as
        much as to send it does."""
        errors[:] = map(_shown, errors)


api = _Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    execution_context_class=Execution,
    types=[ChartRepository, Cluster, ClusterGroup, Deployment, DeploymentTarget, Operation, Secret, User],
    extensions=[
        _Errors,
        _FreshLoaders,
        _Streams,
        _Subscribers,
        Documents,
        _TimeLimit,
    ],
)


def printed_schema() -> str:
    return api.as_str() + "\n"
