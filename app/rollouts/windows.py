"""Change windows: when targets may move. The rules are those of RFC 5545, in the local time of a time zone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

HORIZON = timedelta(days=400)
"""How far ahead the next change of an opening is searched for."""
OLDEST = timedelta(days=10 * 365)
_PART = r"(INTERVAL|COUNT|UNTIL|BYDAY|BYMONTHDAY|BYYEARDAY|BYWEEKNO|BYMONTH|BYSETPOS|WKST)=[A-Z0-9,+-]+"
_RULE = re.compile(rf"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;{_PART})*")
_MOST_CHARACTERS = 500
_CLOCK_CHANGE = timedelta(hours=1)
_Span = tuple[datetime, datetime]


class WindowKind(StrEnum):
    ALLOW = "ALLOW"
    DENY = "DENY"


class RuleError(ValueError):
    """A recurrence rule is not valid; the message says why."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window that begins at each occurrence of a rule, and lasts for `duration`.

    `starts` is local time without a time zone, as RFC 5545's DTSTART. `rule` is an RRULE without its name.
    """

    name: str
    kind: WindowKind
    rule: str
    starts: datetime
    duration: timedelta
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether targets may move; why not, and until when that holds (None: longer than `HORIZON`)."""

    is_open: bool
    reason: str | None = None
    until: datetime | None = None


OPEN = Opening(is_open=True)


def check(rule: str, starts: datetime, now: datetime) -> None:
    """Checks a recurrence rule that a user gives, and the local time at which it starts.

    Raises:
        RuleError: It is not a rule of RFC 5545, names times of the day, which follow from the start, recurs more often
            than every day, or starts too long ago: its occurrences are computed from the start on.
    """
    if len(rule) > _MOST_CHARACTERS:
        raise RuleError(f"A recurrence rule has at most {_MOST_CHARACTERS} characters.")
    if not _RULE.fullmatch(rule):
        raise RuleError("A recurrence rule looks like FREQ=WEEKLY;BYDAY=MO,TU and recurs every day at most.")
    if now.replace(tzinfo=None) - starts > OLDEST:
        raise RuleError(f"A window starts at most {OLDEST.days // 365} years ago.")
    try:
        rrulestr(rule, dtstart=starts)
    except (ValueError, TypeError) as error:
        raise RuleError(f"The recurrence rule is not valid: {error}.") from None


def opening(windows: Sequence[Window], now: datetime) -> Opening:
    """Whether targets to which these windows apply may move at `now`.

    A DENY window is stronger than an ALLOW window. If there are ALLOW windows, targets move only inside of one.
    """
    spans = [(window, list(_spans(window, now))) for window in windows]
    state = _state(spans, now)
    boundaries = sorted({at for _, found in spans for span in found for at in span if now < at <= now + HORIZON})
    until = next((at for at in boundaries if _state(spans, at).is_open is not state.is_open), None)
    return replace(state, until=until)


def _state(spans: Sequence[tuple[Window, Sequence[_Span]]], at: datetime) -> Opening:
    inside = [window for window, found in spans if any(begin <= at < end for begin, end in found)]
    denying = next((window for window in inside if window.kind is WindowKind.DENY), None)
    if denying is not None:
        return Opening(is_open=False, reason=f"The window {denying.name} allows no changes.")
    if any(window.kind is WindowKind.ALLOW for window, _ in spans) and not inside:
        return Opening(is_open=False, reason="No window allows changes now.")
    return OPEN


def _spans(window: Window, now: datetime) -> Iterator[_Span]:
    """When the window begins and ends, as far as that is later than `now`; `HORIZON` ahead."""
    zone = ZoneInfo(window.time_zone)
    rule = rrulestr(window.rule, dtstart=window.starts)
    first = (now - window.duration).astimezone(zone).replace(tzinfo=None) - _CLOCK_CHANGE
    for occurrence in rule.xafter(first, inc=True):
        begin = occurrence.replace(tzinfo=zone).astimezone(UTC)
        if begin > now + HORIZON:
            return
        yield begin, begin + window.duration
