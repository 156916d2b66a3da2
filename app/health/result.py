"""A result of kstatus, in the terms of its Go library."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    CURRENT = "Current"
    TERMINATING = "Terminating"


@dataclass(frozen=True, slots=True)
class Result:
    """`reason` is that of the condition Reconciling or Stalled, which the library gives to an object in progress
    or failed.

    `again_at` is Polyhelm's addition: the time from which the same object has another result.
    """

    status: Status
    message: str
    reason: str | None = None
    again_at: datetime | None = None


def current(message: str) -> Result:
    return Result(Status.CURRENT, message)


def in_progress(reason: str, message: str) -> Result:
    return Result(Status.IN_PROGRESS, message, reason)


def failed(reason: str, message: str) -> Result:
    return Result(Status.FAILED, message, reason)
