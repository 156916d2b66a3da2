"""GraphQL over WebSockets (graphql-transport-ws) for untrusted messages."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect, WebSocketState
from starlette.websockets import WebSocketDisconnected as WebSocketIsDisconnected
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import NonTextMessageReceived, WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import ConnectionInitMessage, SubscribeMessage

from app.admission.refusal import Refusal
from app.admission.requests import admit
from app.server.ending import connection_of
from app.server.values import json_of
from resolvers.engine import limits
from schema.context import Context

_BAD_MESSAGE = 4400
_LONGEST_REASON = 120  # bytes; the close frame has three more
_GONE = (WebSocketDisconnect, WebSocketIsDisconnected)
"""The errors that sending on a closed connection raises, first and afterwards."""


class Socket(ASGIWebSocketAdapter):
    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """Yields valid messages until an invalid one ends the connection."""
        try:
            while self.ws.application_state != WebSocketState.DISCONNECTED:
                try:
                    message = await self._read(await self.ws.receive_text())
                    problem = _problem(message)
                except Refusal as refusal:
                    problem = refusal.reason
                if problem:
                    await self.close(_BAD_MESSAGE, problem)
                    return
                yield message
        except KeyError as error:
            raise NonTextMessageReceived from error
        except WebSocketDisconnect:
            pass

    async def _read(self, text: str) -> Any:
        viewer = connection_of(self.ws).viewer
        async with self.view.turn(len(text), viewer, self.ws):  # type: ignore[attr-defined] # a view of this module
            return json_of(text)

    async def send_json(self, message: Mapping[str, object]) -> None:
        try:
            await self.ws.send_text(orjson.dumps(message).decode())
        except _GONE as error:
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        try:
            await super().close(code, reason.encode()[:_LONGEST_REASON].decode(errors="ignore"))
        except _GONE as error:
            raise WebSocketDisconnected from error


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    async def handle_task_exception(self, error: Exception) -> None:
        """A connection may end at any time, even during an answer. This is not logged."""
        if not isinstance(error, WebSocketDisconnected):
            await super().handle_task_exception(error)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        await super().handle_connection_init(message)
        if self.connection_acknowledged:
            self.context.request.state.authenticated()

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        most = self.context.services.settings.socket_operations
        if len(self.operations) >= most and self.connection_acknowledged:
            refusal = limits.too_many_operations(most)
            await self._refuse(message, refusal)
            return
        try:
            await admit(self.context.services, self.context.signed_in, self.context.request)
        except Refusal as refused:
            await self._refuse(message, limits.refusal(refused.code, refused.reason))
            return
        await super().handle_subscribe(message)

    async def _refuse(self, message: SubscribeMessage, error: GraphQLError) -> None:
        await self.send_message({"id": message["id"], "type": "error", "payload": [error.formatted]})


def _problem(message: Any) -> str | None:
    """Returns the problem with the form of a message, or None."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message must be an object with a type."
    if message["type"] in ("subscribe", "complete") and not isinstance(message.get("id"), str):
        return "The id of an operation must be a string."
    if message["type"] != "subscribe":
        return None
    payload = message.get("payload")
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        return "The payload of a subscription must be an object with a query."
    if not isinstance(payload.get("variables"), dict | None):
        return "Variables must be an object."
    if not isinstance(payload.get("operationName"), str | None):
        return "The name of an operation must be a string."
    return None
