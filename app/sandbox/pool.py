"""A small pool of child processes for untrusted input, such as charts' schemas. Organizations share it fairly."""

import asyncio
import signal
import time
from collections.abc import Hashable
from enum import StrEnum
from pathlib import Path

import structlog
from prometheus_client import Counter, Histogram

from app.core.limiter import Limiter, PoolBusyError
from app.sandbox.child import Child, ChildEndedError
from app.sandbox.limits import Limits

log = structlog.get_logger()

RUNS = Counter("polyhelm_sandbox_runs_total", "Requests to sandboxed processes, by outcome.", ["outcome"])
SECONDS = Histogram(
    "polyhelm_sandbox_seconds", "Seconds of a request to a sandboxed process, without the wait for one."
)

OUT_OF_MEMORY = 77
"""The exit code of a program that catches the memory error itself."""

_TRIES = 2
"""A request whose process is killed from outside is repeated once."""
_SLOWDOWN = 10
"""The time limit of a request as a multiple of its CPU time, for a busy machine."""
_MOST_WAITING = 50
"""The maximum number of waiting requests of one caller."""
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
"""The exit code of a process that was killed from outside: by an operator, or because the machine is short of
memory."""


class Outcome(StrEnum):
    ANSWERED = "answered"
    CPU = "cpu"  # it exceeds its CPU time
    MEMORY = "memory"  # it exceeds its memory
    CRASHED = "crashed"  # the process ended unexpectedly
    KILLED = "killed"  # the process was killed from outside, twice
    SLOW = "slow"  # the machine is too busy
    BUSY = "busy"  # too many requests of the caller are waiting
    CANCELLED = "cancelled"


TOO_EXPENSIVE = frozenset((Outcome.CPU, Outcome.MEMORY))
PERMANENT = TOO_EXPENSIVE | {Outcome.CRASHED}
"""Whether the same request would end in the same way. A crash is a defect of the program, and not of its input."""


class RunError(Exception):
    """A request has no answer."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


class Pool:
    """Runs requests with at most `processes` of one program at once, of which one caller uses at most half.

    A request takes at most `seconds` of CPU time and `memory` bytes. `name` is the pool's name in metrics. Processes
    start on demand and are reused. The program gets `seconds` as its argument, and ends itself with SIGPROF when a
    request has used them.
    """

    def __init__(self, program: Path, *, processes: int, seconds: float, memory: int, name: str = "sandbox") -> None:
        self.seconds = seconds
        self.memory = memory
        self._program = program
        self._limiter = Limiter(name, processes, each=max(1, processes // 2), waiting=_MOST_WAITING)
        self._idle: list[Child] = []
        self._all: set[Child] = set()
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The current processes."""
        return sorted(child.pid for child in self._all)

    async def run(self, caller: Hashable, request: bytes) -> bytes:
        """Returns the program's answer to a request of a caller.

        Raises:
            RunError: There is no answer.
        """
        try:
            async with self._limiter.slot(caller):
                outcome, answer = await self._run(request)
        except PoolBusyError:
            outcome, answer = Outcome.BUSY, b""
        except asyncio.CancelledError:
            RUNS.labels(Outcome.CANCELLED).inc()
            raise
        RUNS.labels(outcome).inc()
        if outcome is Outcome.ANSWERED:
            return answer
        log.warning("sandbox.failed", program=self._program.stem, caller=caller, outcome=outcome.value)
        raise RunError(outcome)

    async def close(self) -> None:
        """Ends all processes and their current requests."""
        self._closed = True
        await asyncio.gather(*(child.end() for child in list(self._all)))

    async def _run(self, request: bytes) -> tuple[Outcome, bytes]:
        outcome = Outcome.KILLED
        for _ in range(_TRIES):
            if self._closed:
                break
            began = time.monotonic()
            try:
                return Outcome.ANSWERED, await self._ask(request)
            except ChildEndedError as error:
                outcome = _outcome(error.code)
                if outcome is not Outcome.KILLED:
                    break
            except TimeoutError:
                return Outcome.SLOW, b""
            finally:
                SECONDS.observe(time.monotonic() - began)
        return outcome, b""

    async def _ask(self, request: bytes) -> bytes:
        child = self._idle.pop() if self._idle else self._start()
        try:
            async with asyncio.timeout(self.seconds * _SLOWDOWN):
                answer = await child.ask(request)
        except BaseException:
            await child.end()
            raise
        if not child.ended.done():
            self._idle.append(child)
        return answer

    def _start(self) -> Child:
        child = Child(self._program, (str(self.seconds),), Limits(self.memory, cpu=None))
        self._all.add(child)
        child.ended.add_done_callback(lambda _: self._forget(child))
        return child

    def _forget(self, child: Child) -> None:
        self._all.discard(child)
        if child in self._idle:
            self._idle.remove(child)
            child.close()


def _outcome(code: int) -> Outcome:
    if code in _FROM_OUTSIDE:
        return Outcome.KILLED
    if code == -signal.SIGPROF:
        return Outcome.CPU
    # Rust aborts if an allocation fails, and a stack that cannot grow is a segmentation fault.
    return Outcome.MEMORY if code in (OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGSEGV) else Outcome.CRASHED
