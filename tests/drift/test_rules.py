"""Ignore rules are checked when they are saved."""

import pytest

from app.drift.rules import MOST_PATHS, MOST_RULES, GivenRule, SavedRule, rule_problems, stored_rules
from app.health.kinds import Kind


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (GivenRule(["spec"]), ("0", "paths", "0")),
        (GivenRule(["/spec", "/a~2"]), ("0", "paths", "1")),
        (GivenRule(["/status"]), ("0", "paths", "0")),
        (GivenRule(["/metadata/name"]), ("0", "paths", "0")),
        (GivenRule([]), ("0", "paths")),
        (GivenRule(["/spec"] * (MOST_PATHS + 1)), ("0", "paths")),
        (GivenRule(["/spec"], kind="a b"), ("0", "kind")),
        (GivenRule(["/spec"], kind="Job", group="A"), ("0", "group")),
        (GivenRule(["/spec"], group="apps"), ("0", "group")),
    ],
)
def test_a_rule_that_has_no_effect_or_is_not_valid_is_refused_with_its_place(
    rule: GivenRule, place: tuple[str, ...]
) -> None:
    assert [found for found, _ in rule_problems([rule])] == [place]


def test_the_number_of_rules_is_limited() -> None:
    rule = GivenRule(["/spec/replicas"])
    assert rule_problems([rule] * MOST_RULES) == []
    assert [place for place, _ in rule_problems([rule] * (MOST_RULES + 1))] == [()]


def test_a_saved_rule_applies_to_its_kind_and_group() -> None:
    [row] = stored_rules([GivenRule(["/spec", "/spec"], "Deployment", "apps")])
    rule = SavedRule.of(row)
    applied = rule.for_kind(Kind("apps", "Deployment"))
    assert applied is not None
    assert applied.paths == ("/spec",)
    assert rule.for_kind(Kind("extensions", "Deployment")) is None
    assert rule.for_kind(Kind("apps", "StatefulSet")) is None
    assert SavedRule(None, None, ("/spec",)).for_kind(Kind("", "Service")) is not None
