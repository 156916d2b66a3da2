"""Ends connections that stay open, WebSockets and streams of server-sent events, in the middle of what they do."""

import asyncio
from contextlib import suppress

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.identity.connections import Connection, Connections

FORBIDDEN = 4403
"""graphql-transport-ws: who may not be here may come again with other rights."""

_REASON = "What you may do here has changed: connect anew."
_CLOSING_SECONDS = 1.0  # for a client that reads nothing
_KEY = "polyhelm.connection"


class Ending:
    """Wraps the API, which gives those connections that stay open to `connections`, to be ended by them."""

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
                    await send(_last_words(scope))
        finally:
            self._connections.discard(connection)


def _last_words(scope: Scope) -> Message:
    if scope["type"] == "websocket":
        return {"type": "websocket.close", "code": FORBIDDEN, "reason": _REASON}
    return {"type": "http.response.body", "body": b""}


def connection_of(request: HTTPConnection) -> Connection:
    """The connection on which a request came."""
    found: Connection = request.scope[_KEY]
    return found
