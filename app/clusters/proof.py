"""Opens connections only to a proven cluster.

An address does not identify a cluster: two clusters may share a load balancer, and a name may resolve to another
address at any time. So the uid of the namespace kube-system is read on each new connection before any request is sent
on it. A connection that leads to another cluster is closed, and the request fails.

A proxy may also send the requests of one connection to different servers. So the proof is repeated before a request if
the last proof is older than `LASTS_SECONDS`.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from app.clusters.kubeconfig import Access

KUBE_SYSTEM = "/api/v1/namespaces/kube-system"
KUBE_SYSTEM_CACHED = f"{KUBE_SYSTEM}?resourceVersion=0"
"""The server may answer from its cache: the uid of a namespace never changes."""

ProofAnswer = tuple[int, str | None, bytes]
"""The status, the header Retry-After and the body."""

_LARGEST_ANSWER = 2**20  # bytes; a namespace has a few hundred

LASTS_SECONDS = 1.0

Judge = Callable[[int, str | None, bytes], None]
"""Takes the status, the header Retry-After and the body of an answer to GET KUBE_SYSTEM. Raises unless they prove that
the connection leads to the right cluster."""


class ProvenConnector(aiohttp.TCPConnector):
    """Opens connections whose proof `judge` has accepted. They are kept alive and reused. Without a `judge`, there is
    no proof."""

    def __init__(self, access: Access, judge: Judge | None, *, seconds: float, **options: Any) -> None:
        super().__init__(**options)
        self._question = _question(access, KUBE_SYSTEM)
        self._repeated_question = _question(access, KUBE_SYSTEM_CACHED)
        self._judge = judge
        self._seconds = seconds
        self.proven_at: float | None = None
        """When the last proof came, by `time.monotonic()`."""
        self._is_doubted = False

    @property
    def needs_proof(self) -> bool:
        """Whether the next request may use a connection whose proof is old. A new connection has its own proof."""
        is_old = self.proven_at is not None and time.monotonic() - self.proven_at > LASTS_SECONDS
        return (is_old or self._is_doubted) and bool(self._conns or self._acquired)

    def check(self, status: int, retry_after: str | None, body: bytes) -> None:
        """Checks an answer to GET KUBE_SYSTEM as a proof; raises the errors of `judge`."""
        if self._judge is not None:
            self._is_doubted = True
            self._judge(status, retry_after, body)
            self._is_doubted, self.proven_at = False, time.monotonic()

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: Any, timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        connection = await super()._create_connection(req, traces, timeout)
        if self._judge is None:
            return connection
        try:
            async with asyncio.timeout(self._seconds):
                self.check(*await _ask(connection, self._question))
            if connection.should_close:
                raise aiohttp.ClientConnectionError("it closes each connection after one answer")
        except BaseException:
            connection.close()
            raise
        return connection

    async def ask_again(self) -> ProofAnswer | None:
        """Asks for KUBE_SYSTEM on a connection that is not in use; returns None if there is none, or it was closed.
        Most requests to quiet members are these, and a request of aiohttp's session takes more than twice the CPU
        time."""
        for key, idle in list(self._conns.items()):
            idle.rotate(1)  # to the one that was used last, so that the others stay unused and are closed
            connection = await self._get(key, [])
            if connection is None:
                continue
            assert connection.protocol is not None
            try:
                answer = await _ask(connection.protocol, self._repeated_question)
            except (aiohttp.ClientError, OSError):
                connection.close()
                return None
            except BaseException:
                connection.close()
                raise
            connection.release()
            return answer
        return None


async def _ask(connection: ResponseHandler, question: bytes) -> ProofAnswer:
    connection.set_response_params(read_bufsize=2**16)
    if connection.transport is None:
        raise aiohttp.ServerDisconnectedError
    connection.transport.write(question)
    try:
        message, content = await connection.read()
    except HttpProcessingError as error:
        raise aiohttp.ClientPayloadError(error.message) from error
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError(f"it answers with more than {_LARGEST_ANSWER:,} bytes")
    return message.code, message.headers.get("Retry-After"), bytes(body)


def _question(access: Access, path: str) -> bytes:
    url = urlsplit(access.server)
    lines = [
        f"GET {url.path}{path} HTTP/1.1",
        f"Host: {url.netloc}",
        "User-Agent: polyhelm",
        "Accept: application/json",
        *([f"Authorization: Bearer {access.token}"] if access.token else []),
        "",
        "",
    ]
    return "\r\n".join(lines).encode()
