"""Registers the enums of logs with the API, with their descriptions. The subject defines them."""

import strawberry

from app.logs.entries import EntryKind as LogEntryKind

strawberry.enum(
    LogEntryKind,
    name="LogEntryKind",
    description=(
        "What an entry of a log is: a LINE of a container, or a notice. DROPPED: lines are missing here, because they"
        " came faster than they were read. JOINED: a container that started later is read, too. RESTARTED, ENDED: what"
        " happened to the container. FAILED: its log cannot be read now."
    ),
)

__all__ = ["LogEntryKind"]
