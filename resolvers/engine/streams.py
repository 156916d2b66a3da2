"""Connections on which several answers can be sent."""

from collections.abc import AsyncIterator

from graphql import GraphQLError
from starlette.requests import Request
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from app.registers.requests import RequestCode

_STREAM = "text/event-stream"


def wants_stream(accept: str) -> bool:
    """Whether a client wants server-sent events, by its Accept header. Many list them behind JSON with every query:
    they want JSON."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return _STREAM in kinds and not any(kind.endswith("json") for kind in kinds[: kinds.index(_STREAM)])


class Streams(SchemaExtension):
    """A subscription needs a connection on which more than one answer can come."""

    async def on_execute(self) -> AsyncIterator[None]:
        request = self.execution_context.context.request
        subscribes = self.execution_context.operation_type is OperationType.SUBSCRIPTION
        if subscribes and isinstance(request, Request) and not wants_stream(request.headers.get("accept", "")):
            message = f"Subscribe over a WebSocket (graphql-transport-ws), or accept {_STREAM} (graphql-sse)."
            raise GraphQLError(message, extensions={"code": RequestCode.NEEDS_STREAM})
        yield
