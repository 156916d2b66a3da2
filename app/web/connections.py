"""Connections to the API: how many there may be, and how long the head of a request may take. uvicorn, which serves
them, accepts as many as there are file descriptors, waits for ever, and remembers as many headers as are sent."""

import asyncio
import resource
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.rates import key_of_address
from app.web.turnstile import Turnstile

log = structlog.get_logger()

_LARGEST_HEAD = 64 * 1024  # bytes
HAS_BEGUN = "has_begun"
_NO_ROOM = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_SHARE_OF_FILES = 0.75
"""The rest is for Postgres, Redis, members and Helm."""


_FEW = 20
_SHARE_OF_MANY = 0.9
"""What addresses that have more than a few can take of all: the rest is for those who have a few."""


class Slots:
    """How many there may be at once: in all, and of one address. Addresses that have many leave some to others."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()
        self.taken = 0

    def take(self, address: str | None) -> Callable[[], None] | None:
        """What gives the slot back, however often it is called; None where there is none left."""
        key = key_of_address(address)
        of_one = self._taken[key]
        most = self._most if of_one < _FEW else self._most * _SHARE_OF_MANY
        if self.taken >= most or of_one >= self._most_of_one:
            return None
        self._taken[key] += 1
        self.taken += 1
        is_taken = True

        def give_back() -> None:
            nonlocal is_taken
            if is_taken:
                is_taken = False
                self.taken -= 1
                self._taken[key] -= 1
                if not self._taken[key]:
                    del self._taken[key]

        return give_back


def most_connections(wanted: int) -> int:
    """As many as are wanted, or as there are file descriptors for. Takes all of these that the system lets us have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    possible = int(hard * _SHARE_OF_FILES)
    if possible < wanted:
        log.warning("connections.few_files", wanted=wanted, possible=possible)
    return min(wanted, possible)


class HttpConnection(HttpToolsProtocol):
    """One that is closed where there is no slot for it; where the head of a request, or what is left of one that was
    answered already, takes longer than `seconds`; and where a head is larger than is sane. Heads are read by the
    turnstile. WebSockets that have not said who they are have slots in `waiting` as well."""

    def __init__(self, slots: Slots, waiting: Slots, turnstile: Turnstile, seconds: float, **given: Any) -> None:
        super().__init__(**given)
        self._turnstile = turnstile
        self._slots = slots
        self._waiting = waiting
        self._seconds = seconds
        self._give_back: Callable[[], None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._head = 0
        self._rest: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._give_back = self._slots.take(self.client[0] if self.client else None)
        if self._give_back is None:
            transport.abort()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self._turnstile.at_once():
            self._receive(data)
            return
        self.flow.pause_reading()
        self._turnstile.wait(self.client[0] if self.client else "", partial(self._receive_now, data))

    def _receive_now(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._receive(data)

    def _receive(self, data: bytes) -> None:
        if self._deadline is not None:
            self._head += len(data)
        super().data_received(data)
        if self._deadline is not None and self._head > _LARGEST_HEAD:
            self.transport.abort()

    def on_message_begin(self) -> None:
        self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self._rest = self.loop.call_later(self._seconds, self.transport.abort)

    def on_message_complete(self) -> None:
        self._stop_waiting()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._leave()  # the WebSocket takes a slot of its own
        has_begun = self._waiting.take(self.client[0] if self.client else None)
        if has_begun is None:
            # Thousands may come at once: this costs a tenth of what the WebSocket's own refusal would.
            self.transport.write(_NO_ROOM)
            self.transport.close()
            return
        self.app_state = {**self.app_state, HAS_BEGUN: has_begun}
        super().handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment] # it refers to us, and would keep both for the garbage collector

    def _await_head(self) -> None:
        if self._deadline is None:
            self._head = 0
            self._deadline = self.loop.call_later(self._seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        for deadline in (self._deadline, self._rest):
            if deadline is not None:
                deadline.cancel()
        self._deadline = self._rest = None

    def _leave(self) -> None:
        self._stop_waiting()
        if self._give_back is not None:
            self._give_back()


class SocketConnection(WebSocketsSansIOProtocol):
    """One whose state has under `HAS_BEGUN` what is to be called once it has said who it is."""

    def __init__(self, slots: Slots, **given: Any) -> None:
        super().__init__(**given)
        self._slots = slots
        self._give_back: Callable[[], None] | None = None
        self._has_begun: Callable[[], None] = self.app_state[HAS_BEGUN]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._give_back = self._slots.take(self.client[0] if self.client else None)
        if self._give_back is None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._give_back is not None:
            self._give_back()
        self._has_begun()
        super().connection_lost(exc)
