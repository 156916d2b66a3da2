"""The logs of containers, as lines and notices in one order."""

from collections.abc import Iterable
from datetime import datetime

import strawberry

from app.logs.entries import Entry
from schema.list_length import usually
from schema.logs.enums import LogEntryKind


@strawberry.type(description="A line of a container, or a notice about it.")
class LogEntry:
    kind: LogEntryKind
    time: datetime | None = strawberry.field(description="When the container wrote the line, by the clock of its node.")
    pod: str | None
    container: str | None
    text: str = strawberry.field(
        description="The line without its end, at most 16 KiB; bytes that are not UTF-8 are replaced."
    )


@strawberry.type(description="Entries of one or more logs, in the order of their times.")
class LogBatch:
    entries: list[LogEntry] = strawberry.field(metadata=usually(200))

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "LogBatch":
        return cls(
            entries=[
                LogEntry(kind=each.kind, time=each.time, pod=each.pod, container=each.container, text=each.text)
                for each in entries
            ]
        )
