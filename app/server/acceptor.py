"""Accepts connections: takes them from the system's queue as they arrive, and starts each in its turn."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial

import structlog

from app.server.connections import Slots
from app.server.start_queue import StartQueue

log = structlog.get_logger()

_ACCEPTED = 4
"""The number of connections that are taken in one turn of the event loop, at up to 0.05 ms each.

It exceeds the number of those that are started in one turn, so that connections further back in the system's queue do
not wait for that. It is small because each turn must be short (start_queue.py).
"""
_AGAIN_SECONDS = 0.5  # if no file descriptors are left


class Acceptor:
    """Accepts connections until it is closed. A connection that finds no slot is closed."""

    def __init__(
        self, listener: socket.socket, slots: Slots, start_queue: StartQueue, protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._listener = listener
        self._slots = slots
        self._start_queue = start_queue
        self._protocol = protocol
        self._is_open = True
        self._starting: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        listener.setblocking(False)
        self._open()

    def _open(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listener, self._accept)

    def close(self) -> None:
        self._is_open = False
        self._loop.remove_reader(self._listener)

    def _accept(self) -> None:
        for _ in range(_ACCEPTED):
            try:
                connection, (address, *_) = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("accept.failed", error=str(error))
                self._loop.remove_reader(self._listener)
                self._loop.call_later(_AGAIN_SECONDS, self._open)
                return
            release = self._slots.take(address)
            if release is None:
                connection.close()
                continue
            self._start_queue.put(address, partial(self._start, connection, release))

    def _start(self, connection: socket.socket, release: Callable[[], None]) -> None:
        release()  # it takes a slot of its own
        if not self._is_open:
            connection.close()
            return
        task = self._loop.create_task(self._connect(connection))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:
            connection.close()  # it was closed again
