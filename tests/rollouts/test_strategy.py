from collections.abc import Mapping

import pytest

from app.releases.selectors import ClusterFacts, Selector
from app.rollouts.strategy import Amount, Strategy, WaveRule, assign


def cluster(name: str, labels: Mapping[str, str] | None = None) -> ClusterFacts:
    return ClusterFacts(name, "aws", "eks", "eu-west-1", labels or {}, "1.31.0", "fleet")


TEN = [cluster(f"c{number}", {"stage": "canary"} if number < 2 else {}) for number in range(10)]


def waves(strategy: Strategy) -> list[tuple[str, int]]:
    """The names of the waves, with how many clusters they have."""
    rules, found = assign(strategy, TEN)
    assert len(found) == len(TEN)
    return [(rule.name, list(found.values()).count(index)) for index, rule in enumerate(rules)]


def test_without_waves_all_clusters_are_in_one() -> None:
    assert waves(Strategy()) == [("rest", 10)]


def test_clusters_that_no_wave_takes_are_in_a_last_one() -> None:
    canary = WaveRule("canary", Selector(labels={"stage": ["canary"]}))
    assert waves(Strategy((canary, WaveRule("third", size=Amount(30, is_percentage=True))))) == [
        ("canary", 2),
        ("third", 3),
        ("rest", 5),
    ]


def test_a_cluster_is_in_the_first_wave_that_takes_it() -> None:
    canary = WaveRule("canary", Selector(labels={"stage": ["canary"]}))
    assert waves(Strategy((WaveRule("one", size=Amount(1)), canary, WaveRule("all")))) == [
        ("one", 1),
        ("canary", 1),
        ("all", 8),
    ]


def test_a_percentage_takes_at_least_one_cluster() -> None:
    assert waves(Strategy((WaveRule("first", size=Amount(5, is_percentage=True)), WaveRule("all")))) == [
        ("first", 1),
        ("all", 9),
    ]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(Amount(3), 3), (Amount(0), 1), (Amount(25, is_percentage=True), 2), (Amount(1, is_percentage=True), 1)],
)
def test_the_budget_is_rounded_down_and_at_least_one(amount: Amount, expected: int) -> None:
    assert Strategy(max_unavailable=amount).budget(10) == expected
