"""The times at which a schedule starts a workflow.

Daylight saving time follows Debian's cron: a time of day that the clock leaves out in spring is due right after the
gap, and one that comes twice in autumn is due once. Expressions that name no hour follow the clock's seconds instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

LONGEST_CRON = 200
_FEW = 100
_LONGEST_CHANGE = timedelta(hours=3)
"""No clock is changed by more than this, and times near a change are this close to one that is exact."""
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_HELP = (
    "Write minute, hour, day of the month, month and day of the week, such as `30 2 * * mon-fri`, or a name such as"
    " `@daily`. A sixth field in front of them has seconds."
)


@dataclass(frozen=True)
class Due:
    """What a schedule owes at a moment. `at` is the latest time that has passed and is inside the catch-up window, and
    `missed` the latest one that is outside. `next_at` is the first time after the moment, None if there is none."""

    at: datetime | None
    missed: datetime | None
    next_at: datetime | None


def problem(cron: str) -> str | None:
    """What is wrong with a cron expression."""
    if len(cron) > LONGEST_CRON:
        return f"An expression has at most {LONGEST_CRON} characters."
    try:
        next(CronSim(_fields(cron), datetime.now(UTC)))
    except CronSimError as error:
        return f"{error}. {_HELP}"
    except StopIteration:
        return "No time of the next 50 years fits the expression."
    return None


def meaning(cron: str) -> str:
    """A valid expression in words, such as "At 02:30 on Monday through Friday"."""
    return CronSim(_fields(cron), datetime.now(UTC)).explain()


def times(cron: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    """The times of a valid expression after a moment, in UTC and in order. Ends when there are none in 50 years."""
    for found in CronSim(_fields(cron), after.astimezone(ZoneInfo(time_zone))):
        yield found.astimezone(UTC)


def next_time(cron: str, time_zone: str, after: datetime) -> datetime | None:
    return next(times(cron, time_zone, after), None)


def due(cron: str, time_zone: str, since: datetime, moment: datetime, catch_up: timedelta) -> Due:
    """What is due at a moment, if `since` is the first time for which nothing was done yet. All times that have passed
    are one: a schedule that was late starts one run."""
    if since > moment:
        return Due(None, None, since)
    last = _last(cron, time_zone, since, moment)
    is_late = last < moment - catch_up
    return Due(None if is_late else last, last if is_late else None, next_time(cron, time_zone, moment))


def _last(cron: str, time_zone: str, since: datetime, moment: datetime) -> datetime:
    """The latest time until a moment. It is `since` if none has passed after that."""
    found = since
    for time in islice(times(cron, time_zone, since), _FEW):
        if time > moment:
            return found
        found = time
    # There are many, as after a long pause. The library is not exact backwards where clocks change, so it only says
    # where to begin.
    backwards = CronSim(_fields(cron), moment.astimezone(ZoneInfo(time_zone)), reverse=True)
    begin = max(found, next(backwards).astimezone(UTC) - _LONGEST_CHANGE)
    return max(takewhile(lambda time: time <= moment, times(cron, time_zone, begin)), default=begin)


def _fields(cron: str) -> str:
    return _NICKNAMES.get(cron.strip().lower(), cron)
