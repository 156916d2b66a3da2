from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rollouts.windows import OPEN, Opening, RuleError, Window, WindowKind, check, opening

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
OFFICE = Window(
    "office hours",
    WindowKind.ALLOW,
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    datetime(2026, 1, 1, 9),  # noqa: DTZ001 - local time
    timedelta(hours=8),
    "Europe/Paris",
)
FREEZE = Window(
    "year-end freeze",
    WindowKind.DENY,
    "FREQ=YEARLY",
    datetime(2025, 12, 20),  # noqa: DTZ001 - local time
    timedelta(days=14),
)
CLOSED = "No window allows changes now."


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(5, 7, 59), Opening(is_open=False, reason=CLOSED, until=at(5, 8))),  # 9:00 in Paris
        (at(5, 8), Opening(is_open=True, until=at(5, 16))),
        (at(5, 15, 59), Opening(is_open=True, until=at(5, 16))),
        (at(5, 16), Opening(is_open=False, reason=CLOSED, until=at(6, 8))),
        (at(9, 16), Opening(is_open=False, reason=CLOSED, until=at(12, 8))),  # over the weekend
        (at(2, 12), Opening(is_open=False, reason="The window year-end freeze allows no changes.", until=at(5, 8))),
    ],
)
def test_deny_is_stronger_than_allow_and_the_next_change_is_named(now: datetime, expected: Opening) -> None:
    assert opening([OFFICE, FREEZE], now) == expected


def test_without_windows_everything_may_move() -> None:
    assert opening([], MONDAY) == OPEN


def test_with_deny_windows_alone_everything_may_move_outside_of_them() -> None:
    assert opening([FREEZE], at(10, 0)) == Opening(is_open=True, until=datetime(2026, 12, 20, tzinfo=UTC))


def test_a_window_follows_the_clocks_of_its_time_zone() -> None:
    """Paris is an hour ahead of UTC in winter, and two in summer."""
    assert opening([OFFICE], datetime(2026, 7, 6, 7, tzinfo=UTC)).is_open
    assert not opening([OFFICE], datetime(2026, 7, 6, 15, tzinfo=UTC)).is_open


def test_a_window_that_never_occurs_again_has_no_next_change() -> None:
    never = Window("never", WindowKind.ALLOW, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", OFFICE.starts, timedelta(hours=1))
    assert opening([never], MONDAY) == Opening(is_open=False, reason=CLOSED)


@given(st.integers(0, 60 * 24 * 7), st.sets(st.sampled_from([OFFICE, FREEZE])))
def test_the_opening_stays_as_it_is_until_the_moment_that_is_named(minutes: int, windows: set[Window]) -> None:
    now = MONDAY + timedelta(minutes=minutes)
    found = opening(list(windows), now)
    if found.until is not None:
        middle = now + (found.until - now) / 2
        assert opening(list(windows), middle) == found
        assert opening(list(windows), found.until).is_open is not found.is_open


@pytest.mark.parametrize(
    "rule",
    [
        *("", "every Monday", "FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=WEEKLY;BYDAY=XX", "FREQ=DAILY;BYHOUR=1,2,3"),
        *("FREQ=WEEKLY\nEXRULE:FREQ=DAILY", "DTSTART:20260101T000000 RRULE:FREQ=DAILY", "FREQ=DAILY;COUNT=X"),
        "FREQ=DAILY;BYMONTH=" + ",".join(["1"] * 300),
    ],
)
def test_what_is_no_recurrence_rule_is_refused(rule: str) -> None:
    with pytest.raises(RuleError):
        check(rule, OFFICE.starts, MONDAY)


def test_rules_of_the_standard_are_accepted_unless_they_start_too_long_ago() -> None:
    rules = ("FREQ=WEEKLY;BYDAY=MO,TU", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=12", "FREQ=DAILY;UNTIL=20270101T000000")
    for rule in rules:
        check(rule, OFFICE.starts, MONDAY)
        with pytest.raises(RuleError, match="at most 10 years ago"):
            check(rule, OFFICE.starts - timedelta(days=4_000), MONDAY)
