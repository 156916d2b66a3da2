"""The logs of containers, and the requests that read them: like a kubelet behind `pods/log`."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from simulator.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from simulator.records import Object


class At(NamedTuple):
    """A container of a pod."""

    namespace: str
    pod: str
    container: str


@dataclass
class Run:
    """What one run of a container has written: lines without their ends, each with its time."""

    lines: list[tuple[datetime, bytes]] = field(default_factory=list)
    is_over: bool = False


class Logs:
    """The logs of one member's containers. Tests write them; they are not part of its stored state."""

    def __init__(self) -> None:
        self._runs: defaultdict[At, list[Run]] = defaultdict(lambda: [Run()])
        self._readers: defaultdict[At, set[asyncio.Event]] = defaultdict(set)

    def write(self, at: At, *lines: bytes | str, time: datetime | None = None) -> None:
        """Writes lines, each a microsecond after the one before."""
        moment = time or datetime.now(UTC)
        run = self._runs[at][-1]
        for number, line in enumerate(lines):
            text = line.encode() if isinstance(line, str) else line
            run.lines.append((moment + timedelta(microseconds=number), text))
        self._wake(at)

    def end(self, at: At) -> None:
        """The container has ended: requests that follow its log end, too."""
        self._runs[at][-1].is_over = True
        self._wake(at)

    def restart(self, at: At) -> None:
        """The container has ended and runs again, with an empty log."""
        self.end(at)
        self._runs[at].append(Run())

    def run(self, at: At, *, previous: bool) -> Run:
        runs = self._runs[at]
        if previous and len(runs) < 2:
            raise bad_request(f'previous terminated container "{at.container}" in pod "{at.pod}" not found')
        return runs[-2] if previous else runs[-1]

    def stop(self) -> None:
        """Ends every request that follows a log."""
        for at in list(self._readers):
            self.end(at)

    @property
    def readers(self) -> int:
        """The number of requests that follow a log."""
        return sum(map(len, self._readers.values()))

    async def read(self, at: At, asked: LogRequest) -> AsyncGenerator[bytes]:
        """The requested lines, and with `follow` those that are written until the container ends."""
        run = self.run(at, previous=asked.previous)
        start = asked.start(run)
        wake = asyncio.Event()
        self._readers[at].add(wake)
        try:
            while True:
                wake.clear()
                lines = run.lines[start:]
                start += len(lines)
                if lines:
                    yield b"".join(asked.rendered(line) for line in lines)
                if not asked.follow or run.is_over:
                    return
                await wake.wait()
        finally:
            self._readers[at].discard(wake)
            if not self._readers[at]:
                del self._readers[at]

    def _wake(self, at: At) -> None:
        for wake in self._readers.get(at, ()):
            wake.set()


@dataclass(frozen=True)
class LogRequest:
    """The options of a request."""

    follow: bool
    previous: bool
    timestamps: bool
    since: datetime | None
    tail: int | None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> LogRequest:
        since = None
        if "sinceTime" in query:
            since = datetime.fromisoformat(query["sinceTime"])
        elif "sinceSeconds" in query:
            since = datetime.now(UTC) - timedelta(seconds=int(query["sinceSeconds"]))
        tail = int(query["tailLines"]) if "tailLines" in query else None

        def is_set(name: str) -> bool:
            return query.get(name, "").lower() in ("true", "1")

        return cls(is_set("follow"), is_set("previous"), is_set("timestamps"), since, tail)

    def start(self, run: Run) -> int:
        """The index of the first line."""
        start = 0
        if self.since is not None:
            start = next((index for index, (time, _) in enumerate(run.lines) if time >= self.since), len(run.lines))
        return start if self.tail is None else max(start, len(run.lines) - self.tail)

    def rendered(self, line: tuple[datetime, bytes]) -> bytes:
        time, text = line
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode() if self.timestamps else b""
        return stamp + text + b"\n"


def container_of(pod: Object, asked: str) -> str:
    """The container whose log is requested, as registry/core/pod/strategy.go chooses it."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    main = [each["name"] for each in spec.get("containers") or []]
    every = [*(each["name"] for each in spec.get("initContainers") or []), *main]
    if asked:
        if asked not in every:
            raise bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    if len(main) == 1:
        return str(main[0])
    raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(main)}]")
