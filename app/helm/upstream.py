"""The connections of one Helm run to its member: few, and each has proven which cluster it leads to."""

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol
from urllib.parse import urlsplit

from app.clusters.kubeconfig import Access
from app.clusters.proof import KUBE_SYSTEM, Judge
from app.clusters.service_accounts import ServiceAccount
from app.core.errors import TemporaryError
from app.helm.http import Answer, ProtocolError, request_head
from app.network.addresses import AddressRefusedError, Policy
from app.network.outgoing import connect
from app.releases.error_codes import ActionCode

LATE_SECONDS = 10
"""The longest time, in seconds, for which the kernel continues to send data that it was given: a write before a
deadline may arrive this much after it."""
_CONNECTIONS = 6
_UNSENT = 16 * 1024  # bytes; with 0, asyncio's TLS waits forever
_SOON_SECONDS = 0.05
_FRESH_SECONDS = 10.0
"""A connection that was idle for longer may have been closed unnoticed, and is not used: after a failed write on it, it
would be unknown whether the write was carried out."""
_MOST_PROOF = 2**20


def _options() -> list[tuple[int, int, int | bytes]]:
    options: list[tuple[int, int, int | bytes]] = [
        # However the connection ends, even if the process dies, nothing more is sent.
        (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    ]
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        options += [
            (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LATE_SECONDS * 1000),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, LATE_SECONDS),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, LATE_SECONDS),
        ]
    return options


_OPTIONS = _options()


class Destination(Protocol):
    """The destination of a run's requests: a member, or what stands in for one. They are sent as the service account
    `account`, if there is one. If `judge` is given, it checks the proof of each connection. `seconds` is how long
    opening a connection may take."""

    @property
    def access(self) -> Access: ...
    @property
    def account(self) -> ServiceAccount | None: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def tls(self) -> ssl.SSLContext | None: ...
    @property
    def judge(self) -> Judge | None: ...
    @property
    def seconds(self) -> float: ...


class Connection:
    """A connection to a member. It carries one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.is_kept = False
        self._used_at = time.monotonic()
        # When `drain` returns, the kernel has everything that was written except for this much.
        writer.transport.set_write_buffer_limits(high=_UNSENT)

    @property
    def is_good(self) -> bool:
        """Whether it can be used again."""
        is_open = not self.reader.at_eof() and not self.writer.is_closing()
        return is_open and time.monotonic() - self._used_at < _FRESH_SECONDS

    def keep(self) -> None:
        """Marks the connection for reuse: its answer was complete, and another request may follow."""
        self.is_kept, self._used_at = True, time.monotonic()

    def close(self) -> None:
        self.writer.transport.abort()


class Upstream:
    """A few connections to one member, opened when they are needed. Close it when done."""

    def __init__(self, member: Destination) -> None:
        url = urlsplit(member.access.server)
        self._member = member
        self._host, self._port = url.hostname or "", member.access.port
        self._base = url.path
        self._own_headers = {b"host": url.netloc.encode()}
        if member.access.token:
            self._own_headers[b"authorization"] = f"Bearer {member.access.token}".encode()
        acts_as = member.account.headers if member.account else {}
        self._impersonation = {name.lower().encode(): value.encode() for name, value in acts_as.items()}
        self._open_ones = 0
        self._all: set[Connection] = set()
        self._free: asyncio.LifoQueue[Connection | None] = asyncio.LifoQueue()  # None: room for another one

    def close(self) -> None:
        """Closes all connections. Nothing more is sent from then on."""
        for connection in self._all:
            connection.close()
        self._all.clear()

    def head(self, method: str, target: str, headers: dict[bytes, bytes], length: int) -> bytes:
        """The head of a request in the form in which it is sent to the member."""
        own_headers = self._own_headers | self._impersonation
        return request_head(method, self._base + target, headers | own_headers, length)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A proven connection for exclusive use. It is reused afterwards if it is marked as `kept` by then.

        Raises:
            TemporaryError: if the connection cannot be opened.
        """
        found = await self._take()
        try:
            yield found
        finally:
            if found.is_kept:
                self._free.put_nowait(found)
            else:
                self._drop(found)

    async def _take(self) -> Connection:
        """A free connection, or a new one if there is none or none becomes free soon. Waiting for another request to
        end is cheaper than opening a connection, and Helm seldom sends many requests at once."""
        while self._open_ones:
            is_full = self._open_ones >= _CONNECTIONS
            try:
                async with asyncio.timeout(None if is_full else _SOON_SECONDS):
                    found = await self._free.get()
            except TimeoutError:
                break
            if found is not None:
                if found.is_good:
                    found.is_kept = False
                    return found
                self._drop(found)
        return await self._open()

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self._all.discard(connection)
        self._open_ones -= 1
        self._free.put_nowait(None)

    async def _open(self) -> Connection:
        member = self._member
        self._open_ones += 1
        connection: Connection | None = None
        try:
            async with asyncio.timeout(member.seconds):
                streams = await connect(member.policy, self._host, self._port, member.tls, options=_OPTIONS)
                connection = Connection(*streams)
                self._all.add(connection)
                if member.judge is not None:
                    await self._prove(connection, member.judge)
                return connection
        except BaseException as error:
            if connection is not None:
                self._drop(connection)
            else:
                self._open_ones -= 1
                self._free.put_nowait(None)
            if isinstance(error, TimeoutError):
                message = f"The API server cannot be reached: no answer within {member.seconds:g} s."
                raise TemporaryError(ActionCode.CLUSTER_UNREACHABLE, message) from None
            if isinstance(error, AddressRefusedError):
                raise TemporaryError(
                    ActionCode.CLUSTER_ADDRESS_REFUSED, f"Connecting to the API server is not allowed: {error}"
                ) from None
            if isinstance(error, OSError | ProtocolError):
                raise no_answer(error) from None
            raise

    async def _prove(self, connection: Connection, judge: Judge) -> None:
        """Sends the first request on a connection, which asks which cluster it leads to, with the cluster's own
        credentials."""
        headers = {b"user-agent": b"polyhelm", b"accept": b"application/json"} | self._own_headers
        connection.writer.write(request_head("GET", self._base + KUBE_SYSTEM, headers, 0))
        answer = Answer(keeps=_MOST_PROOF)
        body = await answer.whole(connection.reader)
        judge(answer.status, answer.retry_after, body)
        if not answer.leaves_its_connection:
            raise ProtocolError("it closes each connection after one answer")


def no_answer(error: Exception) -> TemporaryError:
    """The error for a connection to the member that failed."""
    if isinstance(error, TimeoutError) and not str(error):
        return TemporaryError(ActionCode.CLUSTER_UNREACHABLE, "The API server does not answer.")
    words = str(error) or type(error).__name__
    return TemporaryError(ActionCode.CLUSTER_UNREACHABLE, f"The connection to the API server failed: {words}")
