"""From a live object to its verdict, whatever the object is."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given

from app.health.health import MAX_MESSAGE, Health, HealthVerdict
from app.health.judging import health_of
from app.health.kinds import Kind
from tests.health.strategies import documents, objects

NOW = datetime(2026, 11, 30, tzinfo=UTC)
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"generation": 2},
    "spec": {"replicas": 2},
    "status": {"observedGeneration": 2, "replicas": 1},
}


@given(objects() | documents)
def test_any_json_object_has_a_verdict_with_bounded_texts(live: dict[str, Any]) -> None:
    verdict = health_of(live, {}, NOW)
    assert isinstance(verdict.health, Health)
    assert len(verdict.reason or "") <= MAX_MESSAGE
    assert len(verdict.message or "") <= MAX_MESSAGE
    assert verdict.again_at is None or verdict.again_at > NOW


def test_a_result_of_kstatus_keeps_its_reason_and_message() -> None:
    assert health_of(DEPLOYMENT, {}, NOW) == HealthVerdict(Health.PROGRESSING, "LessReplicas", "Replicas: 1/2")


def test_an_object_of_unexpected_types_is_unknown_and_the_field_is_named() -> None:
    assert health_of({**DEPLOYMENT, "status": {"conditions": 3}}, {}, NOW) == HealthVerdict(
        Health.UNKNOWN, "Unreadable", "The status cannot be read: status.conditions is not a list."
    )


def test_a_rule_takes_the_place_of_kstatus_for_its_kind() -> None:
    suspended = HealthVerdict(Health.SUSPENDED, "Stopped", "Somebody has stopped it")
    rules = {Kind("apps", "Deployment"): lambda _: suspended}
    assert health_of(DEPLOYMENT, rules, NOW) == suspended
    assert health_of({**DEPLOYMENT, "apiVersion": "example.com/v1"}, rules, NOW).health is Health.HEALTHY


def test_no_rule_is_asked_about_objects_that_are_deleted_or_not_yet_observed() -> None:
    rules = {Kind("apps", "Deployment"): lambda _: HealthVerdict(Health.HEALTHY)}
    deleted = {**DEPLOYMENT, "metadata": {"deletionTimestamp": "2026-11-30T00:00:00Z"}}
    assert health_of(deleted, rules, NOW).health is Health.TERMINATING
    assert health_of({**DEPLOYMENT, "metadata": {"generation": 3}}, rules, NOW).health is Health.PROGRESSING
