"""The budget of time for a member that is slow, or gone."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.settings import Settings
from reconcilers.observer.timeouts import Timeouts

SECONDS = st.floats(0.5, 600)


@given(after=SECONDS, timeout=SECONDS)
def test_a_member_that_falls_silent_is_reported_in_time_whatever_the_settings(after: float, timeout: float) -> None:
    found = Timeouts.of(Settings(unreachable_after=after, member_timeout=timeout))
    assert found.quiet + found.answer <= found.total + 1e-9
    assert found.total + found.last <= after + 1e-9
    assert found.quiet >= 0.2 * after - 1e-9


@given(after=SECONDS, part=st.floats(0.01, 0.7))
def test_a_slow_member_has_all_of_its_limit_where_there_is_room(after: float, part: float) -> None:
    found = Timeouts.of(Settings(unreachable_after=after, member_timeout=part * after))
    assert found.answer >= part * after * (1 - 1e-9)


def test_the_default_settings_leave_time_for_a_retry() -> None:
    found = Timeouts.of(Settings())
    assert (found.quiet, found.answer) == (3.5, 10)
    assert found.answer_within(13.5) == 10
    assert found.answer_within(4) == 4
    assert found.answer_within(0) == 10
