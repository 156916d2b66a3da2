"""The health of a live object, and how the health of several objects is summed up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_MESSAGE = 1000
"""The number of characters of a reason or a message that are kept. Controllers and containers write texts of any
length."""


class Health(StrEnum):
    HEALTHY = "HEALTHY"
    PROGRESSING = "PROGRESSING"
    DEGRADED = "DEGRADED"
    SUSPENDED = "SUSPENDED"
    MISSING = "MISSING"
    TERMINATING = "TERMINATING"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class HealthVerdict:
    """The health of one object, with a reason in one word and a message for people.

    `again_at` is set if the verdict changes with time alone, such as for a pod that fits on no node. The object does
    not change then, so no event reports it: judge it again at that time.
    """

    health: Health
    reason: str | None = None
    message: str | None = None
    again_at: datetime | None = None


HEALTHY = HealthVerdict(Health.HEALTHY)

WORST_FIRST = (
    Health.DEGRADED,
    Health.MISSING,
    Health.UNKNOWN,
    Health.TERMINATING,
    Health.PROGRESSING,
    Health.SUSPENDED,
    Health.HEALTHY,
)
_RANK = {health: rank for rank, health in enumerate(WORST_FIRST)}


def worst(verdicts: Iterable[HealthVerdict]) -> HealthVerdict:
    """The verdict that sums up several: the first of the worst health among them, and HEALTHY for none.

    From worst to best: DEGRADED, MISSING, UNKNOWN, TERMINATING, PROGRESSING, SUSPENDED, HEALTHY. A failure that is
    certain comes before an object that cannot be judged, and that before everything which is expected to pass.
    """
    return min(verdicts, key=lambda verdict: _RANK[verdict.health], default=HEALTHY)


def shortened(text: str) -> str:
    """The text, cut off if it is longer than `MAX_MESSAGE`."""
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"
