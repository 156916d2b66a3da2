"""The health of several objects is that of the worst."""

import pytest

from app.health.health import MAX_MESSAGE, Health, HealthVerdict, shortened, worst

WORST_FIRST = [
    *(Health.DEGRADED, Health.MISSING, Health.UNKNOWN, Health.TERMINATING),
    *(Health.PROGRESSING, Health.SUSPENDED, Health.HEALTHY),
]


@pytest.mark.parametrize("place", range(len(WORST_FIRST)))
def test_each_health_is_worse_than_those_after_it(place: int) -> None:
    rest = [HealthVerdict(health) for health in WORST_FIRST[place:]]
    assert worst(reversed(rest)) == rest[0]


def test_every_health_has_a_place_in_the_order() -> None:
    assert sorted(WORST_FIRST) == sorted(Health)


def test_of_two_equally_bad_verdicts_the_first_is_kept() -> None:
    first, second = (
        HealthVerdict(Health.DEGRADED, "CrashLoopBackOff"),
        HealthVerdict(Health.DEGRADED, "ImagePullBackOff"),
    )
    assert worst([HealthVerdict(Health.HEALTHY), first, second]) == first


def test_nothing_is_healthy() -> None:
    assert worst([]) == HealthVerdict(Health.HEALTHY)


def test_long_messages_lose_their_end() -> None:
    assert shortened("x" * MAX_MESSAGE) == "x" * MAX_MESSAGE
    assert shortened("x" * 5000) == "x" * (MAX_MESSAGE - 1) + "…"
