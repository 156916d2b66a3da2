"""How long a member is waited for, and how often it is listed. docs/decisions/watching.md has the budget in figures."""

import time
from dataclasses import dataclass, field

from app.core.settings import Settings

_BETWEEN_LISTS = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How the time within which a member that is gone has to be UNKNOWN (`unreachable_after`) is spent, in seconds.

    A member that has been silent for `quiet` is asked for a sign of life and has `answer` to give one: all of
    `member_timeout`, where there is room for that. Trouble is told when it has lasted for `total`; what is left after
    that is for writing it down, and no try is begun in the `last` seconds before.
    """

    quiet: float
    answer: float
    total: float
    last: float

    @classmethod
    def of(cls, settings: Settings) -> "Patience":
        after = settings.unreachable_after
        total = 0.9 * after
        quiet = min(max(total - settings.member_timeout, 0.2 * after), 0.6 * after)
        return cls(quiet, min(settings.member_timeout, total - quiet), total, 0.1 * after)

    def answer_within(self, left: float) -> float:
        """How long a member may take to answer when so much is left until it has to be told as gone; once that is told,
        it is waited for as usual."""
        return self.answer if left <= 0 else max(min(self.answer, left), self.last)


@dataclass(slots=True)
class Pace:
    """When a member may be listed again: two seconds after the list before, and twice as long each time that a list was
    needed again soon, up to `longest`."""

    longest: float
    _gap: float = field(default=_BETWEEN_LISTS, init=False)
    _began: float = field(default=float("-inf"), init=False)

    def pause(self) -> float:
        return max(0.0, self._began + self._gap - time.monotonic())

    def begin(self) -> None:
        moment = time.monotonic()
        soon = moment - self._began < 4 * self._gap
        self._gap = min(2 * self._gap, max(_BETWEEN_LISTS, self.longest)) if soon else _BETWEEN_LISTS
        self._began = moment
