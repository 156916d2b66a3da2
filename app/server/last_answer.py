"""Sends the last answer on a connection while its request is still arriving.

If the connection were closed immediately, the client would see a reset instead of the answer (RFC 9112, section 9.6).
Therefore input is discarded for a while.
"""

import asyncio
from contextlib import suppress
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.admission.parse_limiter import ParseLimiter
from app.admission.refusal import Refusal

_LONGEST_SECONDS = 30.0
_SILENT_SECONDS = 2.0


class LastAnswer(Response):
    """`caller` waits for the `limiter` before each piece that is discarded."""

    def __init__(self, *given: Any, limiter: ParseLimiter, caller: str) -> None:
        super().__init__(*given)
        self._limiter = limiter
        self._caller = caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with suppress(TimeoutError, Refusal):
            await self._discard_input(receive)
        await send({"type": "http.response.body"})

    async def _discard_input(self, receive: Receive) -> None:
        async with asyncio.timeout(_LONGEST_SECONDS):
            while True:
                async with asyncio.timeout(_SILENT_SECONDS):
                    message = await receive()
                if not message.get("more_body"):
                    return
                async with self._limiter.slot(self._caller):
                    pass
