"""The times of schedules."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.schedules import Due, due, meaning, next_time, problem, times

PARIS, NEW_YORK, LORD_HOWE = "Europe/Paris", "America/New_York", "Australia/Lord_Howe"


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first(cron: str, zone: str, after: str, count: int) -> list[str]:
    return [at.strftime("%m-%d %H:%M:%S") for at in islice(times(cron, zone, day(after)), count)]


def test_a_time_that_the_clock_leaves_out_is_due_after_the_gap_and_one_that_comes_twice_is_due_once() -> None:
    assert first("30 2 * * *", PARIS, "2026-03-28T12:00", 2) == ["03-29 01:00:00", "03-30 00:30:00"]
    assert first("30 2 * * *", PARIS, "2026-10-24T12:00", 2) == ["10-25 00:30:00", "10-26 01:30:00"]
    assert first("*/30 * * * *", PARIS, "2026-10-25T00:00", 3) == ["10-25 00:30:00", "10-25 01:00:00", "10-25 01:30:00"]


def test_expressions_have_five_fields_or_six_or_a_name() -> None:
    assert first("@daily", NEW_YORK, "2026-01-01T00:00", 1) == ["01-01 05:00:00"]
    assert first("*/20 * * * * *", "UTC", "2026-01-01T00:00", 2) == ["01-01 00:00:20", "01-01 00:00:40"]
    assert meaning("30 2 * * mon-fri") == "At 02:30 on Monday through Friday"
    for cron in ("@daily", "*/20 * * * * *", "0 9 * * mon-fri", "0 0 L * *", "0 0 29 2 *"):
        assert problem(cron) is None


@pytest.mark.parametrize("cron", ["", "x", "* * * *", "61 * * * *", "0 0 31 2 *", "@never", "* " * 7, "*" * 300])
def test_an_expression_that_is_not_valid_has_a_problem(cron: str) -> None:
    assert problem(cron)


def test_a_schedule_that_was_late_owes_its_latest_time_if_that_is_in_the_catch_up_window() -> None:
    since, moment, hour = day("2026-01-01T01:00"), day("2026-01-01T05:10"), timedelta(hours=1)
    fifth = day("2026-01-01T05:00")
    assert due("0 * * * *", "UTC", since, moment, hour) == Due(fifth, None, fifth + hour)
    assert due("0 * * * *", "UTC", since, moment, timedelta(minutes=9)) == Due(None, fifth, fifth + hour)
    assert due("0 * * * *", "UTC", fifth + hour, moment, hour) == Due(None, None, fifth + hour)
    assert due("0 5 1 1 *", "UTC", fifth, fifth, timedelta()) == Due(fifth, None, day("2027-01-01T05:00"))


CRONS = ["30 2 * * *", "*/30 * * * *", "0 */2 * * *", "15 1,2,3 * * *", "* * * * *", "30 1-3 * * *", "59 23 * * sun"]
CHANGES = ["2026-03-28T00:00", "2026-10-24T00:00", "2026-10-31T00:00", "2026-04-04T00:00", "2026-10-03T00:00"]


@given(
    st.sampled_from(CRONS),
    st.sampled_from([PARIS, NEW_YORK, LORD_HOWE, "UTC"]),
    st.sampled_from(CHANGES),
    st.integers(0, 2 * 24 * 60),
)
def test_the_latest_time_is_found_after_any_pause_also_where_clocks_change(
    cron: str, zone: str, start: str, minutes: int
) -> None:
    moment = day(start) + timedelta(minutes=minutes)
    passed = [at for at in islice(times(cron, zone, day(start)), 2 * 24 * 60 + 1) if at <= moment]
    assert passed == sorted(set(passed))
    if passed:
        owed = due(cron, zone, passed[0], moment, timedelta(days=365))
        assert owed == Due(passed[-1], None, next_time(cron, zone, moment))
