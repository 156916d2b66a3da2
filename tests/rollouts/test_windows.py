import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rollouts.windows import (
    OPEN,
    Opening,
    Span,
    Status,
    Window,
    WindowKind,
    closing,
    for_rollback,
    occurrences,
    opening,
    problems,
    status,
    without,
)

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
    ("field", "changed"),
    [
        ("rule", {"rule": "FREQ=SECONDLY"}),
        ("rule", {"rule": "FREQ=WEEKLY\nEXRULE:FREQ=DAILY"}),
        ("rule", {"rule": "DTSTART:20260101T000000 RRULE:FREQ=DAILY"}),
        ("starts", {"starts": OFFICE.starts - timedelta(days=4_000)}),
        ("starts", {"starts": OFFICE.starts.replace(year=9999)}),
        ("duration", {"duration": timedelta(seconds=30)}),
        ("duration", {"duration": timedelta(days=400)}),
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("time_zone", {"time_zone": "../../etc/passwd"}),
        ("time_zone", {"time_zone": "America"}),
        ("time_zone", {"time_zone": ""}),
    ],
)
def test_a_problem_names_the_field(field: str, changed: dict[str, Any]) -> None:
    assert [problem[0] for problem in _problems(**changed)] == [field]
    assert list(_problems()) == []


def test_all_problems_are_reported_at_once() -> None:
    assert [field for field, _ in _problems(rule="FREQ=NEVER", duration=timedelta(0), time_zone="?")] == [
        "rule", "duration", "time_zone",
    ]  # fmt: skip


def _problems(**changed: Any) -> Iterator[tuple[str, str]]:
    given = {name: getattr(OFFICE, name) for name in ("rule", "starts", "duration", "time_zone")}
    return problems(**given | changed, now=MONDAY)


def test_a_status_has_the_next_opening_and_the_next_closing_after_it() -> None:
    assert status([OFFICE, FREEZE], at(2, 12)) == Status(
        is_closed=True,
        reason="The window year-end freeze allows no changes.",
        next_open=at(5, 8),
        next_close=at(5, 16),
        next_close_reason=CLOSED,
    )
    assert status([OFFICE], at(5, 9)) == Status(
        is_closed=False, next_open=at(6, 8), next_close=at(5, 16), next_close_reason=CLOSED
    )
    assert status([], MONDAY) == Status(is_closed=False)


def test_an_override_of_a_deny_window_leaves_the_others_in_force() -> None:
    first, second, office = replace(FREEZE, id=1), replace(FREEZE, id=2), replace(OFFICE, id=3)
    assert closing([first, second, office], at(2, 12)) == ([first, second], [])
    assert without([first, second, office], {1}) == [second, office]
    assert closing([first, office], at(2, 20)) == ([first], [office])
    assert opening(without([first, office], {1, 3}), at(2, 20)) == OPEN


def test_an_override_of_one_allow_window_is_enough() -> None:
    night = replace(OFFICE, name="night", starts=OFFICE.starts.replace(hour=1), duration=timedelta(hours=2), id=4)
    office = replace(OFFICE, id=3)
    assert closing([office, night], at(5, 20)) == ([], [office, night])
    assert opening(without([office, night], {4}), at(5, 20)) == OPEN


def test_a_rollback_is_held_only_by_windows_that_block_rollbacks() -> None:
    strict = replace(FREEZE, blocks_rollback=True)
    assert for_rollback([OFFICE, FREEZE, strict]) == [strict]


def test_a_reason_contains_the_text_of_the_window() -> None:
    frozen = replace(FREEZE, reason="the books are closed.")
    assert opening([frozen], at(2, 12)).reason == "The window year-end freeze allows no changes: the books are closed."


def test_occurrences_are_those_that_touch_the_range() -> None:
    spans = list(occurrences(OFFICE, at(5, 12), at(7, 8)))
    assert spans == [Span(at(5, 8), at(5, 16)), Span(at(6, 8), at(6, 16))]


def test_a_hundred_windows_are_evaluated_in_bounded_time() -> None:
    windows = [
        replace(OFFICE, name=f"w{n}", id=n, rule="FREQ=DAILY", duration=timedelta(hours=n)) for n in range(1, 100)
    ]
    began = time.thread_time()
    for _ in range(10):
        assert opening(windows, at(5, 9)).is_open
    assert time.thread_time() - began < 60
