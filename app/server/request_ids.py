"""Assigns an id to each request: the one that it contains, if it is valid, or a new one.

The answer, every log line and every event of the request contain the id. Events also contain the address that the
request came from.
"""

import re
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.origin import Origin, originating

_HEADER = "X-Request-Id"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,99}")


class RequestIds:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        brought = Headers(scope=scope).get(_HEADER, "")
        found = brought if _SANE.fullmatch(brought) else uuid.uuid4().hex

        async def answer(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                MutableHeaders(scope=message)[_HEADER] = found
            await send(message)

        address = scope["client"][0] if scope.get("client") else None
        origin = Origin(address=address, request_id=found)
        with structlog.contextvars.bound_contextvars(request_id=found), originating(origin):
            return await self._app(scope, receive, answer)
