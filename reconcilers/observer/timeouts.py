"""How long to wait for a member, and how often to list it. docs/decisions/watching.md has the budget in figures."""

import time
from dataclasses import dataclass, field

from app.core.settings import Settings

_BETWEEN_LISTS = 2.0


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Divides the time within which an unreachable member has to become UNKNOWN (`unreachable_after`), in seconds.

    A member that has been silent for `quiet` is pinged and has `answer` to respond: all of `member_timeout`, if there
    is time for it. An error is reported once it has lasted for `total`; the remaining time is for writing it. No
    attempt starts in the `last` seconds before the report.
    """

    quiet: float
    answer: float
    total: float
    last: float

    @classmethod
    def of(cls, settings: Settings) -> "Timeouts":
        after = settings.unreachable_after
        total = 0.9 * after
        quiet = min(max(total - settings.member_timeout, 0.2 * after), 0.6 * after)
        return cls(quiet, min(settings.member_timeout, total - quiet), total, 0.1 * after)

    def answer_within(self, left: float) -> float:
        """How long a member may take to answer, with `left` seconds until it has to be reported as unreachable; the
        usual time once it is reported."""
        return self.answer if left <= 0 else max(min(self.answer, left), self.last)


@dataclass(slots=True)
class ListBackoff:
    """When a member may be listed again: two seconds after the previous list began. The gap doubles each time that
    another list is needed soon, up to `longest`."""

    longest: float
    _gap: float = field(default_factory=lambda: _BETWEEN_LISTS, init=False)
    _began: float = field(default=float("-inf"), init=False)

    def pause(self) -> float:
        return max(0.0, self._began + self._gap - time.monotonic())

    def begin(self) -> None:
        moment = time.monotonic()
        soon = moment - self._began < 4 * self._gap
        self._gap = min(2 * self._gap, max(_BETWEEN_LISTS, self.longest)) if soon else _BETWEEN_LISTS
        self._began = moment
