"""Change windows: when targets may move. The rules are those of RFC 5545, in the local time of a time zone."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from zoneinfo import ZoneInfo

from app.rollouts.recurrence import RuleError, parse

HORIZON = timedelta(days=400)
"""How far ahead the next change of an opening is searched for."""
OLDEST = timedelta(days=10 * 365)
LATEST = timedelta(days=10 * 365)
SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=366)
_MARGIN = timedelta(days=2)
"""Local days differ from days in UTC by less than this."""
_CACHED = 512


class WindowKind(StrEnum):
    ALLOW = "ALLOW"
    DENY = "DENY"


class OverrideRole(StrEnum):
    """The least role of users who may move targets in spite of a window."""

    DEPLOYER = "DEPLOYER"
    ADMIN = "ADMIN"
    NONE = "NONE"  # no user may


@dataclass(frozen=True, slots=True)
class Window:
    """A window that begins at each occurrence of a rule, and lasts for `duration`.

    `starts` is local time without a time zone, as RFC 5545's DTSTART. `rule` is an RRULE without its name. `reason` is
    a text for users. Only a window that `blocks_rollback` also holds rollbacks."""

    name: str
    kind: WindowKind
    rule: str
    starts: datetime
    duration: timedelta
    time_zone: str = "UTC"
    reason: str | None = None
    id: int = 0
    blocks_rollback: bool = False
    override_role: OverrideRole = OverrideRole.ADMIN


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether targets may move; why not, and until when that holds (None: longer than `HORIZON`)."""

    is_open: bool
    reason: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Whether targets may move, and when that changes next, within `HORIZON`."""

    is_closed: bool
    reason: str | None = None
    next_open: datetime | None = None
    next_close: datetime | None = None
    next_close_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A time from `begin` to `end`, without `end`."""

    begin: datetime
    end: datetime


OPEN = Opening(is_open=True)


def problems(
    rule: str, starts: datetime, duration: timedelta, time_zone: str, now: datetime
) -> Iterator[tuple[str, str]]:
    """Yields (field, message) for each field of a window that is not valid."""
    try:
        parse(rule)
    except RuleError as error:
        yield "rule", str(error)
    local = now.replace(tzinfo=None)
    if not local - OLDEST <= starts <= local + LATEST:
        yield "starts", f"A window starts at most {OLDEST.days // 365} years ago or from now."
    if not SHORTEST <= duration <= LONGEST:
        yield "duration", f"A window lasts from 1 minute to {LONGEST.days} days."
    if not is_time_zone(time_zone):
        yield "time_zone", f"There is no time zone {time_zone!r}. Examples: UTC, Europe/Paris, America/New_York."


def opening(windows: Sequence[Window], now: datetime) -> Opening:
    """Whether targets to which these windows apply may move at `now`.

    A DENY window is stronger than an ALLOW window. If there are ALLOW windows, targets move only inside of one.
    """
    states = _states(windows, now, now + HORIZON)
    _, is_open, reason = next(states)
    until = next((at for at, is_open_then, _ in states if is_open_then is not is_open), None)
    return Opening(is_open, reason, until)


def status(windows: Sequence[Window], now: datetime) -> Status:
    """Whether targets to which these windows apply may move at `now`, and the next two changes of that."""
    first, *later = _changes(windows, now)
    opens = next((at for at, is_open, _ in later if is_open), None)
    closes = next(((at, reason) for at, is_open, reason in later if not is_open), (None, None))
    return Status(not first[1], first[2], opens, *closes)


def closing(windows: Sequence[Window], at: datetime) -> tuple[list[Window], list[Window]]:
    """The windows because of which targets may not move: DENY windows, and ALLOW windows of which none is open."""
    inside = [window for window in windows if any(span.begin <= at < span.end for span in _spans(window, at.date()))]
    denying = [window for window in inside if window.kind is WindowKind.DENY]
    if any(window.kind is WindowKind.ALLOW for window in inside):
        return denying, []
    return denying, [window for window in windows if window.kind is WindowKind.ALLOW]


def without(windows: Sequence[Window], overridden: Collection[int]) -> list[Window]:
    """The windows that hold in spite of an override of those with these ids. Inside of an ALLOW window that is
    overridden, the other ALLOW windows hold nothing."""
    allowed = any(window.kind is WindowKind.ALLOW and window.id in overridden for window in windows)
    return [
        window
        for window in windows
        if window.id not in overridden and not (allowed and window.kind is WindowKind.ALLOW)
    ]


def for_rollback(windows: Sequence[Window]) -> list[Window]:
    """The windows that also hold rollbacks."""
    return [window for window in windows if window.blocks_rollback]


def occurrences(window: Window, begin: datetime, end: datetime) -> Iterator[Span]:
    """When the window begins and ends, in order, as far as that is between two times."""
    zone, rule = ZoneInfo(window.time_zone), _parsed(window.rule)
    first, last = (begin - window.duration - _MARGIN).date(), (end + _MARGIN).date()
    for day in rule.days(window.starts.date(), first, last):
        local = datetime.combine(day, window.starts.time())
        at = local.replace(tzinfo=zone).astimezone(UTC)
        if rule.until is not None and (local if rule.until.tzinfo is None else at) > rule.until:
            return
        if at < end and at + window.duration > begin:
            yield Span(at, at + window.duration)


_parsed = lru_cache(_CACHED)(parse)


@lru_cache(_CACHED)
def _spans(window: Window, day: date) -> tuple[Span, ...]:
    """The occurrences of a window from the beginning of a day in UTC to the `HORIZON` after its end."""
    begin = datetime.combine(day, datetime.min.time(), UTC)
    return tuple(occurrences(window, begin, begin + HORIZON + timedelta(days=1)))


_State = tuple[datetime, bool, str | None]
"""From when on, whether targets may move, and why not."""


def _changes(windows: Sequence[Window], now: datetime) -> list[_State]:
    """The state at `now`, and the next two states that let targets move if the one before does not, or the reverse."""
    found = list[_State]()
    for state in _states(windows, now, now + HORIZON):
        if not found or state[1] is not found[-1][1]:
            found.append(state)
        if len(found) == 3:
            break
    return found


def _states(windows: Sequence[Window], begin: datetime, end: datetime) -> Iterator[_State]:
    """The state at `begin`, and the states that follow until `end`, each with its first moment."""
    edges = sorted(
        (max(at, begin), place, change)
        for place, window in enumerate(windows)
        for span in _spans(window, begin.date())
        if span.end > begin and span.begin < end
        for at, change in ((span.begin, 1), (span.end, -1))
    )
    inside = Counter[int]()
    at = begin
    for moment, together in groupby(edges, key=itemgetter(0)):
        if moment >= end:
            break
        if moment > at:
            yield at, *_state(windows, inside)
            at = moment
        for _, place, change in together:
            inside[place] += change
            if not inside[place]:
                del inside[place]
    yield at, *_state(windows, inside)


def _state(windows: Sequence[Window], inside: Collection[int]) -> tuple[bool, str | None]:
    denying = min((place for place in inside if windows[place].kind is WindowKind.DENY), default=None)
    if denying is not None:
        window = windows[denying]
        why = f": {window.reason}" if window.reason else "."
        return False, f"The window {window.name} allows no changes{why}"
    allows = any(windows[place].kind is WindowKind.ALLOW for place in inside)
    if not allows and any(window.kind is WindowKind.ALLOW for window in windows):
        return False, "No window allows changes now."
    return True, None


def is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # there is none, or the name is a directory or leaves that of the zones
        return False
    return True
