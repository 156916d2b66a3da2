"""Recurrence rules of RFC 5545 that recur every day at most: a rule, and the days on which it recurs.

A rule is evaluated from the first day that is requested, one period (a day, week, month or year) after the other. So
the time depends on the range that is requested, and not on how long ago the rule started or whether it ever recurs.
Only `COUNT` is counted from the start.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import count as counting
from itertools import islice
from typing import Any

MAX_CHARACTERS = 500
MAX_INTERVAL = 1000
MAX_COUNT = 10_000
EXAMPLE = "FREQ=WEEKLY;BYDAY=MO,TU"
WEEK_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEK_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?\d{1,4}")
_UNTIL = re.compile(r"\d{8}(T\d{6}Z?)?")


class Frequency(StrEnum):
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class RuleError(ValueError):
    """A recurrence rule is not valid. The message names the part that is wrong, and gives an example."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`week_days` are pairs of a day (Monday is 0) and which one of the month or year it is (None: each; -1: the last
    one). Days of the month and of the year, weeks and positions are counted from the end if they are negative.

    `until` is the last moment at which an occurrence may start: in UTC, or local time without a time zone."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    week_days: tuple[tuple[int, int | None], ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0

    def days(self, starts: date, first: date, last: date) -> Iterator[date]:
        """The days from `first` to `last` on which the rule recurs if it starts on the day `starts`."""
        rule = self._completed(starts)
        if self.count is None:
            yield from rule._recurring(starts, max(starts, first), last)
            return
        yield from (day for day in islice(rule._recurring(starts, starts, last), self.count) if day >= first)

    def _completed(self, starts: date) -> "Rule":
        """The rule with the days that follow from its start, if it names none."""
        if self.week_days or self.month_days or self.year_days or self.weeks or self.frequency is Frequency.DAILY:
            return self
        if self.frequency is Frequency.WEEKLY:
            return replace(self, week_days=((starts.weekday(), None),))
        if self.frequency is Frequency.YEARLY:
            return replace(self, months=self.months or (starts.month,), month_days=(starts.day,))
        return replace(self, month_days=(starts.day,))

    def _recurring(self, starts: date, first: date, last: date) -> Iterator[date]:
        begins = self._number(starts)
        skipped = (self._number(first) - begins) // self.interval
        for number in counting(begins + skipped * self.interval, self.interval):
            begin, end = self._period(number)
            if begin > last:
                return
            for day in self._positioned([day for day in _range(begin, end) if self._matches(day)]):
                if first <= day <= last:
                    yield day

    def _positioned(self, days: list[date]) -> list[date]:
        if not self.positions:
            return days
        found = {at - 1 if at > 0 else len(days) + at for at in self.positions}
        return [day for place, day in enumerate(days) if place in found]

    def _number(self, day: date) -> int:
        """The number of the period that a day is in."""
        if self.frequency is Frequency.DAILY:
            return day.toordinal()
        if self.frequency is Frequency.WEEKLY:
            return (day.toordinal() - 1 - self.week_start) // 7
        return day.year if self.frequency is Frequency.YEARLY else day.year * 12 + day.month - 1

    def _period(self, number: int) -> tuple[date, date]:
        if self.frequency is Frequency.DAILY:
            return date.fromordinal(number), date.fromordinal(number)
        if self.frequency is Frequency.WEEKLY:
            begin = number * 7 + 1 + self.week_start
            return date.fromordinal(begin), date.fromordinal(begin + 6)
        if self.frequency is Frequency.YEARLY:
            return date(number, 1, 1), date(number, 12, 31)
        year, month = divmod(number, 12)
        return date(year, month + 1, 1), date(year, month + 1, calendar.monthrange(year, month + 1)[1])

    def _matches(self, day: date) -> bool:
        return (
            (not self.months or day.month in self.months)
            and (not self.month_days or not {day.day, day.day - 1 - _month_length(day)}.isdisjoint(self.month_days))
            and (not self.year_days or _is_on_year_day(day, self.year_days))
            and (not self.weeks or _is_in_week(day, self.weeks))
            and (not self.week_days or any(self._is_week_day(day, *each) for each in self.week_days))
        )

    def _is_week_day(self, day: date, week_day: int, which: int | None) -> bool:
        if day.weekday() != week_day:
            return False
        if which is None:
            return True
        in_month = self.frequency is Frequency.MONTHLY or bool(self.months)
        place, length = (day.day, _month_length(day)) if in_month else (_year_day(day), _year_length(day))
        return which in ((place - 1) // 7 + 1, -((length - place) // 7) - 1)


def parse(text: str) -> Rule:
    """Reads an RRULE without its name.

    Raises:
        RuleError: it is not one, names times of the day, or could recur more often than every day.
    """
    if len(text) > MAX_CHARACTERS:
        raise RuleError(f"A recurrence rule has at most {MAX_CHARACTERS} characters.")
    given = dict[str, str]()
    for part in text.split(";"):
        name, separator, value = part.partition("=")
        if not separator or not value or name in given:
            raise RuleError(f"{part or 'It'} is not a part of a recurrence rule. Example: {EXAMPLE}.")
        given[name] = value
    frequency = given.pop("FREQ", "")
    if frequency not in Frequency.__members__:
        raise RuleError(f"FREQ is DAILY, WEEKLY, MONTHLY or YEARLY. Example: {EXAMPLE}.")
    if unknown := sorted(given.keys() - _PARTS.keys()):
        raise RuleError(
            f"{unknown[0]} is not supported: a window begins at the time of day of its start, once a day at most."
            f" Supported: FREQ, {', '.join(_PARTS)}."
        )
    found: dict[str, Any] = {_PARTS[name][0]: _PARTS[name][1](name, value) for name, value in given.items()}
    rule = Rule(Frequency(frequency), **found)
    _check_combination(rule)
    return rule


def _check_combination(rule: Rule) -> None:
    """Checks which parts may stand together, as RFC 5545 says."""
    frequency = rule.frequency
    yearly, monthly = frequency is Frequency.YEARLY, frequency is Frequency.MONTHLY
    if rule.count is not None and rule.until is not None:
        raise RuleError("COUNT and UNTIL cannot be given together. Leave one out.")
    if (rule.year_days or rule.weeks) and not yearly:
        raise RuleError("BYYEARDAY and BYWEEKNO need FREQ=YEARLY. Example: FREQ=YEARLY;BYWEEKNO=51;BYDAY=MO.")
    if rule.weeks and (not rule.week_days or rule.week_start):
        raise RuleError("BYWEEKNO needs BYDAY, and no WKST. Example: FREQ=YEARLY;BYWEEKNO=51;BYDAY=MO.")
    if rule.month_days and frequency is Frequency.WEEKLY:
        raise RuleError("BYMONTHDAY cannot be used with FREQ=WEEKLY. Example: FREQ=MONTHLY;BYMONTHDAY=1,15.")
    if any(which for _, which in rule.week_days) and (not (yearly or monthly) or rule.weeks):
        raise RuleError("BYDAY with a number needs FREQ=MONTHLY or FREQ=YEARLY. Example: FREQ=MONTHLY;BYDAY=-1FR.")
    if rule.positions and (
        not (yearly or monthly) or not (rule.week_days or rule.month_days or rule.year_days or rule.weeks)
    ):
        raise RuleError(
            "BYSETPOS needs FREQ=MONTHLY or FREQ=YEARLY and another BY part."
            " Example: FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1."
        )


def _whole(most: int) -> Callable[[str, str], int]:
    def read(name: str, value: str) -> int:
        if not value.isascii() or not value.isdigit() or len(value) > 6 or not 1 <= int(value) <= most:
            raise RuleError(f"{name} is a number from 1 to {most}. Example: {name}=2.")
        return int(value)

    return read


def _numbers(most: int, *, negative: bool = True) -> Callable[[str, str], tuple[int, ...]]:
    def read(name: str, value: str) -> tuple[int, ...]:
        found = [int(text) if _NUMBER.fullmatch(text) else 0 for text in value.split(",")]
        least = -most if negative else 1
        if not all(number and least <= number <= most for number in found):
            numbers = f"1 to {most}" + (f" or -{most} to -1" if negative else "")
            raise RuleError(f"{name} is a list of numbers from {numbers}. Example: {name}=1.")
        return tuple(dict.fromkeys(found))

    return read


def _days_of_week(name: str, value: str) -> tuple[tuple[int, int | None], ...]:
    found = [_WEEK_DAY.fullmatch(text) for text in value.split(",")]
    if not all(match and (match[1] is None or 1 <= abs(int(match[1])) <= 53) for match in found):
        raise RuleError(
            f"{name} is a list of MO, TU, WE, TH, FR, SA and SU, each with a number or without. Examples: {name}=MO,TU"
            f" and {name}=-1FR."
        )
    return tuple((WEEK_DAYS.index(match[2]), int(match[1]) if match[1] else None) for match in found if match)


def _until(name: str, value: str) -> datetime:
    problem = RuleError(f"{name} is a date, or a date and a time. Example: {name}=20271231T235959Z.")
    if not _UNTIL.fullmatch(value):
        raise problem
    try:
        found = datetime.fromisoformat(value.removesuffix("Z"))
    except ValueError:
        raise problem from None
    if "T" not in value:
        return found + timedelta(days=1, microseconds=-1)
    return found.replace(tzinfo=UTC) if value.endswith("Z") else found


def _week_day(name: str, value: str) -> int:
    if value not in WEEK_DAYS:
        raise RuleError(f"{name} is one of MO, TU, WE, TH, FR, SA and SU. Example: {name}=SU.")
    return WEEK_DAYS.index(value)


_PARTS: dict[str, tuple[str, Callable[[str, str], object]]] = {
    "INTERVAL": ("interval", _whole(MAX_INTERVAL)),
    "COUNT": ("count", _whole(MAX_COUNT)),
    "UNTIL": ("until", _until),
    "BYMONTH": ("months", _numbers(12, negative=False)),
    "BYMONTHDAY": ("month_days", _numbers(31)),
    "BYYEARDAY": ("year_days", _numbers(366)),
    "BYWEEKNO": ("weeks", _numbers(53)),
    "BYDAY": ("week_days", _days_of_week),
    "BYSETPOS": ("positions", _numbers(366)),
    "WKST": ("week_start", _week_day),
}
"""For each part of a rule except FREQ, the field that it fills, and how its value is read."""


def _range(first: date, last: date) -> Iterator[date]:
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def _month_length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _year_day(day: date) -> int:
    return day.toordinal() - date(day.year, 1, 1).toordinal() + 1


def _year_length(day: date) -> int:
    return 366 if calendar.isleap(day.year) else 365


def _is_on_year_day(day: date, year_days: tuple[int, ...]) -> bool:
    place = _year_day(day)
    return place in year_days or place - 1 - _year_length(day) in year_days


def _is_in_week(day: date, weeks: tuple[int, ...]) -> bool:
    year, week, _ = day.isocalendar()
    weeks_of_year = date(year, 12, 28).isocalendar().week
    return week in weeks or week - weeks_of_year - 1 in weeks
