"""Health rules in CEL: the shipped ones on objects as controllers leave them, and rules in general."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.health.health import Health, HealthVerdict
from app.health.judging import health_of
from app.health.kinds import Kind, kind_of
from app.health.rules import HealthRule, RuleError, compiled
from app.health.shipped import FOLDER, shipped, shipped_rules
from app.yaml.reading import read
from tests.health.objects import condition, made

NOW = datetime(2026, 11, 30, tzinfo=UTC)
EXAMPLES: list[dict[str, Any]] = read((Path(__file__).parent / "golden" / "packs.yaml").read_bytes())
PAGE = Path(__file__).parents[2] / "docs" / "health.md"
THING = made(
    "example.com/v1", "Thing", {"size": 3}, {"phase": "Up", "conditions": [condition("Ready", "False", "Starts")]}
)


WAITS = HealthVerdict(Health.PROGRESSING, "Starts", "Its controller has not yet reported that it is ready")
FAILED = "The health rule for Thing failed: "
NO_STATE = "Key not found in map : \"state\", in `status.state == 'Up'`"
NO_BOOLEAN = "the result is not a boolean, but a whole number, in `spec.size`"


def of_kind(kind: Kind, status: Any) -> dict[str, Any]:
    return made(f"{kind.group}/v1", kind.kind, {}, status, generation=1)


def verdict_by(live: dict[str, Any], rule: HealthRule) -> HealthVerdict:
    return health_of(live, {kind_of(live): compiled("Thing", rule)}, NOW)


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{each['pack']}: {each['name']}" for each in EXAMPLES])
def test_a_shipped_rule_judges(example: dict[str, Any]) -> None:
    expected = HealthVerdict(Health(example["health"]), example.get("reason"), example.get("message"))
    assert health_of(example["object"], shipped(), NOW) == expected


def test_each_pack_has_examples_of_healthy_and_of_failed_objects() -> None:
    assert {each["pack"] for each in EXAMPLES} == {file.stem for file in FOLDER.iterdir()}
    for health in ("HEALTHY", "DEGRADED", "PROGRESSING"):
        assert {each["pack"] for each in EXAMPLES if each["health"] == health} == {f.stem for f in FOLDER.iterdir()}


def test_no_two_shipped_rules_are_for_one_kind() -> None:
    kinds = [kind for _, kind, _ in shipped_rules()]
    assert len(kinds) == len(set(kinds)) == len(shipped())


@pytest.mark.parametrize("status", [None, {}, {"conditions": []}, {"phase": ""}, {"parents": [{}]}])
def test_by_each_shipped_rule_an_object_that_is_new_is_progressing(status: Any) -> None:
    found = {kind: health_of(of_kind(kind, status), shipped(), NOW).health for kind in shipped()}
    assert found == dict.fromkeys(shipped(), Health.PROGRESSING)


@pytest.mark.parametrize("status", ["up", ["up"], 3, {"conditions": "up"}, {"conditions": [None]}, {"phase": 3}])
def test_an_object_of_unexpected_types_is_never_healthy_by_a_shipped_rule(status: Any) -> None:
    found = {health_of(of_kind(kind, status), shipped(), NOW).health for kind in shipped()}
    assert Health.HEALTHY not in found


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({}, HealthVerdict(Health.HEALTHY)),
        ({"failed": "true"}, HealthVerdict(Health.DEGRADED, "Starts", "Its controller has reported a failure")),
        ({"in_progress": "spec.size < 5", "failed": "true"}, WAITS),
        ({"suspended": "true", "in_progress": "true"}, HealthVerdict(Health.SUSPENDED, "Starts", "It is paused")),
        (
            {"failed": "true", "reason": "status.phase", "message": "'size ' + string(spec.size)"},
            HealthVerdict(Health.DEGRADED, "Up", "size 3"),
        ),
        ({"current": "object.status.phase == 'Down'"}, WAITS),
        ({"current": "status.state == 'Up'"}, HealthVerdict(Health.UNKNOWN, "RuleFailed", FAILED + NO_STATE)),
        ({"current": "spec.size"}, HealthVerdict(Health.UNKNOWN, "RuleFailed", FAILED + NO_BOOLEAN)),
    ],
)
def test_the_first_expression_that_is_true_has_the_health(fields: dict[str, str], verdict: HealthVerdict) -> None:
    assert verdict_by(THING, HealthRule(**{"current": "status.phase == 'Up'", **fields})) == verdict


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        ({"current": "phase == 'Up'"}, "current", "line 1, column 1: undeclared reference to 'phase'"),
        ({"failed": "1"}, "failed", "it must return a boolean, not a whole number"),
        (
            {"in_progress": "status."},
            "in_progress",
            "line 1, column 8: Syntax error: no viable alternative at input '.'",
        ),
        ({"message": "true"}, "message", "it must return a string, not a boolean"),
    ],
)
def test_a_rule_that_cannot_be_used_names_its_field(fields: dict[str, str], field: str, problem: str) -> None:
    with pytest.raises(RuleError, match=re.escape(problem)) as raised:
        compiled("Thing", HealthRule(**{"current": "true", **fields}))
    assert raised.value.field == field


def test_an_observed_generation_counts_before_a_rule_but_not_as_a_text() -> None:
    rule = HealthRule(current="true")
    older = made("example.com/v1", "Thing", {}, {"observedGeneration": 1}, generation=2)
    assert verdict_by(older, rule).reason == "LatestGenerationNotObserved"
    assert verdict_by({**older, "status": {"observedGeneration": "1"}}, rule) == HealthVerdict(Health.HEALTHY)


def test_an_object_with_very_many_values_is_not_looked_at() -> None:
    live = made("example.com/v1", "Thing", {}, {"conditions": [condition("Ready", "True")] * 1000})
    message = "The object has more than 5,000 values, so the health rule for Thing does not apply"
    assert verdict_by(live, HealthRule(current="true")) == HealthVerdict(Health.UNKNOWN, "TooLarge", message)


def test_the_page_lists_the_kinds_of_each_pack() -> None:
    listed = dict(re.findall(r"^\| `([a-z-]+)\.yaml` \| ([A-Za-z0-9, ]+) \|$", PAGE.read_text(), re.MULTILINE))
    known: dict[str, list[str]] = {}
    for pack, kind, _ in shipped_rules():
        known.setdefault(pack, []).append(kind.kind)
    assert {pack: kinds.split(", ") for pack, kinds in listed.items()} == known
