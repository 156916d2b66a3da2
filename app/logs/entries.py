"""Entries of a log: lines of containers, and what happened to the containers meanwhile. Pure."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

_FIRST = datetime.min.replace(tzinfo=UTC)


class EntryKind(StrEnum):
    LINE = "LINE"
    DROPPED = "DROPPED"
    JOINED = "JOINED"
    RESTARTED = "RESTARTED"
    ENDED = "ENDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a container, or a sentence about it. `pod` is None if it is about all of them."""

    kind: EntryKind
    text: str
    time: datetime | None = None
    pod: str | None = None
    container: str | None = None


def merged(entries: Iterable[Entry]) -> list[Entry]:
    """The entries in the order of their times. Those of one container keep their order; an entry without a time comes
    right after the one before it of the same container."""
    latest: dict[tuple[str | None, str | None], datetime] = {}
    keyed = []
    for entry in entries:
        source = entry.pod, entry.container
        time = max(entry.time or _FIRST, latest.get(source, _FIRST))
        latest[source] = time
        keyed.append((time, entry))
    return [entry for _, entry in sorted(keyed, key=lambda pair: pair[0])]


class Backlog:
    """Entries that wait for a subscriber, in bounded memory: if it does not keep up, the oldest lines are dropped and
    counted."""

    def __init__(self, *, lines: int, characters: int) -> None:
        self._lines: deque[Entry] = deque()
        self._most, self._most_characters = lines, characters
        self._characters = 0
        self._dropped = 0

    def put(self, entry: Entry) -> None:
        self._lines.append(entry)
        self._characters += len(entry.text)
        while self._lines and (len(self._lines) > self._most or self._characters > self._most_characters):
            oldest = self._lines.popleft()
            self._characters -= len(oldest.text)
            self._dropped += oldest.kind is EntryKind.LINE

    def take(self, most: int) -> list[Entry]:
        """Removes and returns the next entries, in the order of their times, after the number of dropped lines."""
        found = [self._lines.popleft() for _ in range(min(most, len(self._lines)))]
        self._characters -= sum(len(entry.text) for entry in found)
        found = merged(found)
        if self._dropped:
            notice = Entry(EntryKind.DROPPED, f"{self._dropped:,} lines were dropped because they came too fast.")
            found.insert(0, replace(notice, time=found[0].time if found else None))
            self._dropped = 0
        return found

    def __len__(self) -> int:
        return len(self._lines)
