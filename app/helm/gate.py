"""How many Helm processes run at once. Those that wait for a hook or for readiness keep none of the others out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Seat:
    """A process's place: among those that work, or, from when it waits, among those that wait."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self.waits = False

    def wait(self) -> None:
        """It only waits from here on, and lets another one work, if not too many wait already."""
        if not self.waits and self._gate.waiting < self._gate.most_waiting:
            self.waits = True
            self._gate.waiting += 1
            self._gate.working.release()

    def leave(self) -> None:
        if self.waits:
            self._gate.waiting -= 1
        else:
            self._gate.working.release()


class Gate:
    def __init__(self, at_once: int, most_waiting: int) -> None:
        self.working = asyncio.Semaphore(at_once)
        self.most_waiting = most_waiting
        self.waiting = 0

    @asynccontextmanager
    async def seat(self) -> AsyncIterator[Seat]:
        await self.working.acquire()
        seat = Seat(self)
        try:
            yield seat
        finally:
            seat.leave()
