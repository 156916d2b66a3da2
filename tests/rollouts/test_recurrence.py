"""Recurrence rules, compared with python-dateutil, which implements the same standard."""

import time
from datetime import date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from app.rollouts.recurrence import RuleError, parse

SPAN = timedelta(days=1200)
_DAYS = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=4, unique=True)
_NUMBERED = st.lists(
    st.builds("{}{}".format, st.sampled_from([1, 2, 4, -1, -2, -5]), st.sampled_from(["MO", "WE", "FR", "SU"])),
    min_size=1,
    max_size=3,
    unique=True,
)


def _numbers(least: int, most: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(least, most).filter(bool), min_size=1, max_size=4, unique=True)


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts: dict[str, object] = {"FREQ": frequency}
    if draw(st.booleans()):
        parts["INTERVAL"] = draw(st.integers(1, 5))
    if draw(st.booleans()):
        parts["BYMONTH"] = draw(_numbers(1, 12))
    if frequency != "WEEKLY" and draw(st.booleans()):
        parts["BYMONTHDAY"] = draw(_numbers(-31, 31))
    if draw(st.booleans()):
        numbered = frequency in ("MONTHLY", "YEARLY") and draw(st.booleans())
        parts["BYDAY"] = draw(_NUMBERED if numbered else _DAYS)
    if frequency == "YEARLY" and draw(st.booleans()):
        parts["BYYEARDAY"] = draw(_numbers(-366, 366))
    if (
        frequency in ("MONTHLY", "YEARLY")
        and parts.keys() & {"BYMONTHDAY", "BYDAY", "BYYEARDAY"}
        and draw(st.booleans())
    ):
        parts["BYSETPOS"] = draw(_numbers(-4, 4))
    if frequency == "WEEKLY" and draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(["SU", "MO", "WE"]))
    if draw(st.booleans()):
        parts["COUNT"] = draw(st.integers(1, 40))
    texts = {
        name: ",".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in parts.items()
    }
    return ";".join(f"{name}={text}" for name, text in texts.items())


@given(rules(), st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(0, 800))
def test_a_rule_recurs_on_the_days_on_which_it_does_elsewhere(rule: str, starts: date, later: int) -> None:
    first = starts + timedelta(days=later)
    start, last = datetime.combine(starts, datetime.min.time()), starts + SPAN
    # A rule that never recurs would run to the year 9999 in the other implementation.
    bounded = (
        rrulestr(rule, dtstart=start) if "COUNT" in rule else rrulestr(f"{rule};UNTIL={last:%Y%m%d}", dtstart=start)
    )
    expected = [each.date() for each in bounded.between(start, datetime.combine(last, datetime.min.time()), inc=True)]
    assert list(parse(rule).days(starts, first, last)) == [day for day in expected if day >= first]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO,SU", ["2026-01-04", "2027-01-04", "2027-01-10"]),
        ("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO", ["2026-12-28"]),
        ("FREQ=MONTHLY;BYDAY=FR,1MO;BYMONTH=1", [f"2026-01-{day:02}" for day in (2, 5, 9, 16, 23, 30)]),
        ("FREQ=DAILY;UNTIL=20260103", ["2026-01-01", "2026-01-02", "2026-01-03"]),
    ],
)
def test_weeks_are_those_of_iso_8601_and_numbered_days_are_added_to_others(rule: str, expected: list[str]) -> None:
    parsed, starts = parse(rule), date(2026, 1, 1)
    last = date(2027, 1, 10) if "WEEKNO=1" in rule else date(2026, 12, 31)
    found = [day for day in parsed.days(starts, starts, last) if parsed.until is None or day <= parsed.until.date()]
    assert [str(day) for day in found] == expected


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=50", "FREQ=YEARLY;INTERVAL=1000"]
)
def test_a_rule_that_never_recurs_is_evaluated_as_fast_as_others(rule: str) -> None:
    starts = date(2020, 5, 5)
    began = time.thread_time()
    assert list(parse(rule).days(starts, date(2026, 1, 1), date(2027, 6, 1))) == []
    assert time.thread_time() - began < 10


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "It is not a part of a recurrence rule. Example: FREQ=WEEKLY;BYDAY=MO,TU."),
        ("every Monday", "every Monday is not a part of a recurrence rule. Example: FREQ=WEEKLY;BYDAY=MO,TU."),
        ("FREQ=HOURLY", "FREQ is DAILY, WEEKLY, MONTHLY or YEARLY. Example: FREQ=WEEKLY;BYDAY=MO,TU."),
        ("FREQ=DAILY;COUNT=0", "COUNT is a number from 1 to 10000. Example: COUNT=2."),
        ("FREQ=DAILY;UNTIL=20261340", "UNTIL is a date, or a date and a time. Example: UNTIL=20271231T235959Z."),
        (
            "FREQ=MONTHLY;BYMONTHDAY=32",
            "BYMONTHDAY is a list of numbers from 1 to 31 or -31 to -1. Example: BYMONTHDAY=1.",
        ),
        ("FREQ=WEEKLY;WKST=XX", "WKST is one of MO, TU, WE, TH, FR, SA and SU. Example: WKST=SU."),
        (
            "FREQ=WEEKLY;BYDAY=XX",
            "BYDAY is a list of MO, TU, WE, TH, FR, SA and SU, each with a number or without."
            " Examples: BYDAY=MO,TU and BYDAY=-1FR.",
        ),
        (
            "FREQ=WEEKLY;BYDAY=2MO",
            "BYDAY with a number needs FREQ=MONTHLY or FREQ=YEARLY. Example: FREQ=MONTHLY;BYDAY=-1FR.",
        ),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "COUNT and UNTIL cannot be given together. Leave one out."),
        (
            "FREQ=DAILY;BYHOUR=1,2",
            "BYHOUR is not supported: a window begins at the time of day of its start, once a day at most. Supported:"
            " FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYDAY, BYSETPOS, WKST.",
        ),
        ("FREQ=DAILY;BYMONTH=" + ",".join(["1"] * 300), "A recurrence rule has at most 500 characters."),
    ],
)
def test_a_message_names_the_part_that_is_wrong_and_an_example(rule: str, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(rule)
    assert str(caught.value) == message
