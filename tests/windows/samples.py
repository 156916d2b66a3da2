"""Change windows for tests."""

from datetime import UTC, datetime
from typing import Any

FREEZE: dict[str, Any] = {
    "name": "year-end-freeze",
    "kind": "DENY",
    "rule": "FREQ=YEARLY;COUNT=1",
    "starts": "2025-12-20T00:00",
    "duration": "14d",
    "timeZone": "Europe/Paris",
    "reason": "The books are closed.",
}


def frozen_now() -> dict[str, Any]:
    """The fields that let a DENY window be open for about another hour, once."""
    starts = datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)
    return {"starts": starts.isoformat(timespec="minutes"), "duration": "1h", "timeZone": "UTC"}
