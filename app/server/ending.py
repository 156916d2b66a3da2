"""Ends open connections (WebSockets and streams of server-sent events) while they are in use."""

import asyncio
from contextlib import suppress

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.identity.connections import Connection, Connections

FORBIDDEN = 4403
"""graphql-transport-ws: the client may reconnect with other permissions."""

_REASON = "Your permissions have changed. Reconnect."
_CLOSING_SECONDS = 1.0  # for a client that reads nothing
_KEY = "polyhelm.connection"


class ConnectionEnding:
    """Wraps the API and registers connections that stay open with `connections`, which can end them."""

    def __init__(self, app: ASGIApp, connections: Connections) -> None:
        self._app = app
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = scope[_KEY] = Connection()
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if not connection.is_ended:
                raise
            if task := asyncio.current_task():
                task.uncancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_SECONDS):
                    await send(_close_message(scope))
        finally:
            self._connections.discard(connection)


def _close_message(scope: Scope) -> Message:
    if scope["type"] == "websocket":
        return {"type": "websocket.close", "code": FORBIDDEN, "reason": _REASON}
    return {"type": "http.response.body", "body": b""}


def connection_of(request: HTTPConnection) -> Connection:
    """Returns the connection on which a request arrived."""
    found: Connection = request.scope[_KEY]
    return found
