"""The proxy on this machine that one run of Helm uses as its cluster. It is open for as long as the run.

Helm gets its address and a password that is valid for nothing else. Each request is forwarded to the member with the
member's credentials, over connections that have proven which cluster they lead to. A write is forwarded only if the
fence allows it, and a release record only if it is of the expected revision. Requests and answers are recorded in a
ledger (docs/decisions/runs-end-with-worker.md).
"""

import asyncio
import base64
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from types import TracebackType

from app.clusters.errors import MismatchedError
from app.core.errors import ActionError, TemporaryError
from app.helm.expectation import Expectation
from app.helm.fence import Fence
from app.helm.http import Answer, Head, ProtocolError, answer_of, read_body, read_head
from app.helm.ledger import Exchange, Ledger
from app.helm.loopback import LoopbackServer
from app.helm.request import read_request
from app.helm.status import refusal_body
from app.helm.upstream import Connection, Destination, Upstream, no_answer
from app.releases.error_codes import ActionCode

HOST = "cluster"
"""The host name of the cluster in every run. It never changes, because Helm caches what it discovers under this
name."""
ANSWER_SECONDS = 75.0
"""An API server abandons a request after a minute; one that is silent for longer will not answer."""

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_FORWARDED = (b"accept", b"accept-encoding", b"content-type", b"if-none-match", b"if-modified-since", b"user-agent")
_PIECE = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)


class Endpoint(LoopbackServer):
    """`ended` becomes the error that must end the run, as soon as there is one."""

    def __init__(self, member: Destination, fence: Fence, ledger: Ledger, expected: Expectation | None = None) -> None:
        super().__init__()
        self.ended: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._fence = fence
        self._ledger = ledger
        self._expected = expected
        self._upstream = Upstream(member)

    @property
    def authorization(self) -> str:
        """The header with which the client of this proxy sends its password."""
        return f"Basic {base64.b64encode(f'helm:{self.password}'.encode()).decode()}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment that makes Helm send all its HTTP requests to this proxy."""
        proxy = f"http://helm:{self.password}@127.0.0.1:{self.port}"
        return {"HELM_KUBEAPISERVER": f"http://{HOST}", "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy}

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._upstream.close()
        await super().__aexit__(kind, error, trace)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (head := await read_head(reader)) is not None:
                if refused := self._refused(head):
                    writer.write(answer_of(*refused))
                    return
                if not await self._exchange(head, reader, writer):
                    return
        except (ProtocolError, ConnectionError):
            return  # Helm has disconnected, or the client is not Helm

    def _refused(self, head: Head) -> tuple[int, bytes] | None:
        given = head.headers.get(b"proxy-authorization", b"")
        if not secrets.compare_digest(given, self.authorization.encode()):
            return 407, b"{}"
        if head.host != HOST or head.method not in _METHODS:
            return 403, refusal_body(403, "Only requests to the cluster's API are allowed.")
        return None

    async def _exchange(self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Forwards a request and its answer. Returns whether another request may follow."""
        body = await read_body(reader, head)
        request = read_request(head.method, head.target, body)
        if self._expected is not None and not self._expected.allows(request):
            self._end(
                TemporaryError(
                    ActionCode.RELEASE_CHANGED,
                    f"Another Helm process changed the release at the same time: Helm was about to write revision"
                    f" {request.revision}, and not {self._expected.revision}.",
                    wrote=self._ledger.progress.wrote,
                )
            )
            return False
        exchange = self._ledger.begin(request, time.monotonic())
        helm = _HelmConnection(reader, writer)
        try:
            async with self._upstream.connection() as connection:
                try:
                    await self._send(connection, exchange, head, body)
                    is_open = await self._answer(connection, exchange, helm)
                except (OSError, ProtocolError, TimeoutError) as error:
                    raise no_answer(error) from None
                if is_open:
                    connection.keep()
                return is_open
        except ActionError as error:
            self._ledger.failed(exchange, error)
            if isinstance(error, MismatchedError):
                self._end(error)
            if helm.has_answer:
                return False
            await helm.write(answer_of(503, refusal_body(503, error.message)))
            return True
        except _HelmGoneError:
            return False
        except Exception as error:  # of the fence
            self._end(error)
            return False
        finally:
            self._ledger.ended(exchange, time.monotonic())

    async def _send(self, connection: Connection, exchange: Exchange, head: Head, body: bytes) -> None:
        request = exchange.request
        headers = {name: head.headers[name] for name in _FORWARDED if name in head.headers}
        if request.writes:
            headers |= {b"accept": b"application/json", b"accept-encoding": b"identity"}  # the ledger may read it
            if request.revision is not None:
                await self._fence.confirm()
            self._fence.check()
        message = self._upstream.head(head.method, head.target, headers, len(body)) + body
        self._ledger.sent(exchange)
        async with asyncio.timeout(ANSWER_SECONDS):
            for start in range(0, len(message), _PIECE):
                if request.writes:
                    self._fence.check()
                connection.writer.write(message[start : start + _PIECE])
                await connection.writer.drain()

    async def _answer(self, connection: Connection, exchange: Exchange, helm: "_HelmConnection") -> bool:
        """Forwards the answer as it arrives, and records its outcome before Helm has all of it. Returns whether the
        connection can be used for another request."""
        request = exchange.request
        answer = Answer()
        async with asyncio.timeout(ANSWER_SECONDS):
            piece = await answer.head(connection.reader)
        if answer.status in _REDIRECTS:
            raise ProtocolError(f"it redirects ({answer.status}), which is not followed")
        if answer.status < 400:
            while answer.is_tiny and not answer.is_whole:
                async with asyncio.timeout(ANSWER_SECONDS):
                    piece += await answer.rest(connection.reader)
            answer.check()
            self._ledger.answered(exchange, answer.status)
        limit = None if request.watches else ANSWER_SECONDS
        async with helm.while_connected() if request.watches else nullcontext():
            while True:
                if answer.is_whole and answer.status >= 400:
                    self._ledger.answered(exchange, answer.status, answer.retry_after, bytes(answer.body))
                await helm.write(piece)
                if answer.is_whole:
                    return answer.leaves_its_connection
                async with asyncio.timeout(limit):
                    piece = await answer.rest(connection.reader)

    def _end(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_result(error)


class _HelmGoneError(Exception):
    """Helm no longer waits for this answer."""


class _HelmConnection:
    """Helm's side of an exchange."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.has_answer = False

    async def write(self, piece: bytes) -> None:
        self.has_answer = True
        try:
            self._writer.write(piece)
            await self._writer.drain()
        except OSError:
            raise _HelmGoneError from None

    @asynccontextmanager
    async def while_connected(self) -> AsyncIterator[None]:
        """Ends the block if Helm disconnects. Without this, a watch on which nothing happens would notice it minutes
        later, with its next write."""
        holder = asyncio.current_task()
        assert holder is not None
        has_gone = False

        async def wait() -> None:
            nonlocal has_gone
            with suppress(OSError):
                await self._reader.read(1)  # Helm sends nothing while it waits for an answer
            has_gone = True
            holder.cancel()

        waiting = asyncio.create_task(wait())
        try:
            yield
        except asyncio.CancelledError:
            if has_gone and holder.uncancel() == 0:
                raise _HelmGoneError from None
            raise
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
