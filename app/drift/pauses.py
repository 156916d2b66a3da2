"""Pauses between corrections of drift. The first correction comes at once. Each further one waits longer, until there
was no drift for a while: otherwise two tools that keep changing the same thing would write without end."""

from datetime import datetime, timedelta

PEACE = timedelta(hours=2)
"""The time without a correction after which the next one comes at once again."""

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)


def next_correction(corrections: int, corrected_at: datetime | None, moment: datetime) -> datetime | None:
    """When something may be corrected again, by the number of its corrections and the time of the last; None: now."""
    if corrected_at is None or moment - corrected_at > PEACE:
        return None
    due = corrected_at + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(corrections - 1, 16))
    return None if due <= moment else due
