"""Limits for connections to the API: their number, the time for the head of a request, and bytes outside of bodies.

uvicorn, which serves them, accepts as many connections as there are file descriptors, waits without limit, and stores
as many headers, trailers and requests as are sent.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from app.core.process import allow_open_files
from app.redis.rates import key_of_address

log = structlog.get_logger()

_LARGEST_HEAD = 64 * 1024
"""Maximum bytes accepted outside a request body: the head, chunk headers, and trailers."""
_SLOWEST_READER = 1024
"""Bytes per second of an answer. A client that reads more slowly would keep the answer and the connection in memory."""
_MOST_PIPELINED = 16
"""The maximum number of requests on a connection that wait for the answer to the previous one."""
AUTHENTICATED = "authenticated"
_PIECE = 8 * 1024  # bytes
_PAUSE_SECONDS = 0.01
_NO_SLOT = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_SHARE_OF_FILES = 0.75
"""The other file descriptors are for Postgres, Redis, clusters and Helm."""


_FEW = 20
_SHARE_OF_MANY = 0.9
"""The share of all connections that addresses with more than a few can use. The rest is reserved for addresses with
few."""


class Slots:
    """Counts connections, in total and by address. Addresses with many connections leave some to others."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()
        self.taken = 0

    def take(self, address: str | None) -> Callable[[], None] | None:
        """Takes a slot. Returns a function that releases it and can be called repeatedly, or None if no slot is
        free."""
        key = key_of_address(address)
        of_one = self._taken[key]
        most = self._most if of_one < _FEW else self._most * _SHARE_OF_MANY
        if self.taken >= most or of_one >= self._most_of_one:
            return None
        self._taken[key] += 1
        self.taken += 1
        is_taken = True

        def release() -> None:
            nonlocal is_taken
            if is_taken:
                is_taken = False
                self.taken -= 1
                self._taken[key] -= 1
                if not self._taken[key]:
                    del self._taken[key]

        return release


def most_connections(wanted: int) -> int:
    """Returns the number of connections: the wanted one, or less if there are fewer file descriptors.

    Raises the process's limit of file descriptors as far as the system allows.
    """
    possible = int(allow_open_files() * _SHARE_OF_FILES)
    if possible < wanted:
        log.warning("connections.few_files", wanted=wanted, possible=possible)
    return min(wanted, possible)


class _SlowReaderTimeout:
    """Ends a connection whose client reads less than `_SLOWEST_READER` of the waiting answers in `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, transport: asyncio.Transport) -> None:
        most = transport.get_write_buffer_size() - self._seconds * _SLOWEST_READER
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._check, transport, most)

    def _check(self, transport: asyncio.Transport, most: float) -> None:
        if transport.get_write_buffer_size() > most:
            transport.abort()
        else:
            self.watch(transport)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class _TooManyPipelined(httptools.HttpParserError):
    pass


class HttpConnection(HttpToolsProtocol):
    """A connection with limits.

    It is closed if there is no slot for it, if a request head or the input without a request takes longer than
    `seconds`, if too many bytes outside of bodies arrive, or if too many pipelined requests wait. WebSockets that
    have not authenticated also have slots in `waiting`.
    """

    def __init__(self, slots: Slots, waiting: Slots, seconds: float, **given: Any) -> None:
        super().__init__(**given)
        self._slots = slots
        self._waiting = waiting
        self._seconds = seconds
        self._release_slot: Callable[[], None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._slow_reader = _SlowReaderTimeout(seconds)
        self._outside_bodies = 0
        """Bytes since the last body."""

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._release_slot = self._slots.take(self.client[0] if self.client else None)
        if self._release_slot is None:
            transport.abort()
        else:
            self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._release()
        self._slow_reader.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._slow_reader.watch(self.transport)

    def resume_writing(self) -> None:
        self._slow_reader.stop()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), _LARGEST_HEAD):
            piece = data[start : start + _LARGEST_HEAD]
            self._outside_bodies += len(piece)
            super().data_received(piece)
            if self._outside_bodies > _LARGEST_HEAD:
                self.transport.abort()
            if self.transport.is_closing() or self.parser is None:  # it has ended, or is a WebSocket now
                return
        if not self._is_answering:
            self._await_request()

    def on_message_begin(self) -> None:
        self._await_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        if len(self.pipeline) >= _MOST_PIPELINED:
            raise _TooManyPipelined
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._outside_bodies = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_waiting()
        self._outside_bodies = 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._release()  # the WebSocket takes a slot of its own
        authenticated = self._waiting.take(self.client[0] if self.client else None)
        if authenticated is None:
            # Thousands may arrive at once. This costs a tenth of a refusal by the WebSocket itself.
            self.transport.write(_NO_SLOT)
            self.transport.close()
            return
        self.app_state = {**self.app_state, AUTHENTICATED: authenticated}
        super().handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment] # it refers to us, and would keep both for the garbage collector

    def _await_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _release(self) -> None:
        self._stop_waiting()
        if self._release_slot is not None:
            self._release_slot()


class SocketConnection(WebSocketsSansIOProtocol):
    """A WebSocket whose state contains a callback under `AUTHENTICATED` for when it has authenticated.

    Frames may be tiny and arrive by the thousand. They are parsed in pieces, with pauses, and not while the client does
    not read the answers.
    """

    def __init__(self, slots: Slots, **given: Any) -> None:
        super().__init__(**given)
        self._slots = slots
        self._release_slot: Callable[[], None] | None = None
        self._authenticated: Callable[[], None] = self.app_state[AUTHENTICATED]
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._release_slot = self._slots.take(self.client[0] if self.client else None)
        if self._release_slot is None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread = b""
        if self._release_slot is not None:
            self._release_slot()
        self._authenticated()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        is_ours = not self.handshake_initiated  # the request, serialized again
        if is_ours or (len(data) <= _PIECE and self.writable.is_set()):
            super().data_received(data)
            return
        self._unread = data
        self.transport.pause_reading()
        if self.writable.is_set():
            self._read_on()

    def handle_cont(self, event: Frame) -> None:
        if event.data or event.fin:  # otherwise it adds nothing to its message, and would be stored
            super().handle_cont(event)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # otherwise it is closed when the client has read everything, which may be never

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread:
            self._read_on()

    def _read_on(self) -> None:
        self.loop.call_later(_PAUSE_SECONDS, self._read_piece)

    def _read_piece(self) -> None:
        piece, self._unread = self._unread[:_PIECE], self._unread[_PIECE:]
        if self.transport.is_closing() or not piece:
            self._unread = b""
            return
        self.read_paused = True  # so that reading meanwhile does not resume it
        super().data_received(piece)
        if self._unread:
            self.read_paused = False
            if self.writable.is_set():
                self._read_on()
        elif self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()
