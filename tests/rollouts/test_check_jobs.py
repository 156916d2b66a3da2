from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.rollouts.check_jobs import RUNNING, Look, job_of, key_of, latest, look_of, pause
from app.rollouts.checks import Finding
from app.rollouts.states import Answer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC: dict[str, Any] = {"image": "tests:1", "command": ["test"], "args": [], "env": [], "timeout": "2m"}


def test_a_job_has_the_same_name_after_a_crash_and_another_one_in_each_measurement_and_run() -> None:
    def name(run_id: int, number: int) -> str:
        found: str = job_of(key_of(run_id, NOW), number, "shop", SPEC)["metadata"]["name"]
        return found

    assert name(1, 1) == name(1, 1)
    assert len({name(1, 1), name(1, 2), name(2, 1)}) == 3
    assert len(name(1, 100)) <= 63


def test_a_job_is_tried_once_ends_by_itself_and_has_no_token() -> None:
    spec = job_of(key_of(1, NOW), 1, "shop", SPEC)["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 120)
    assert spec["template"]["spec"] == {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "containers": [{"name": "check", "image": "tests:1", "env": [], "command": ["test"]}],
    }


@pytest.mark.parametrize(
    ("status", "look"),
    [
        (None, Look(RUNNING)),
        ({}, Look(RUNNING)),
        ({"conditions": "odd"}, Look(RUNNING)),
        ({"conditions": [{"type": "Complete", "status": "False"}]}, Look(RUNNING)),
        (
            {"conditions": [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]},
            Look(Finding(Answer.PASSED, "The Job has succeeded."), has_ended=True),
        ),
        (
            {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]},
            Look(Finding(Answer.FAILED, "The Job has failed: DeadlineExceeded."), has_ended=True),
        ),
    ],
)
def test_a_job_has_a_result_once_it_has_ended(status: Any, look: Look) -> None:
    assert look_of({"status": status}) == look
    assert Look.of_json(look.as_json()) == look


def test_a_measurement_ends_two_minutes_after_the_timeout_of_its_jobs() -> None:
    assert latest(NOW, SPEC) == NOW + timedelta(minutes=4)


@pytest.mark.parametrize(("elapsed", "seconds"), [(0, 2), (8, 2), (40, 10), (120, 30), (7200, 30)])
def test_the_pause_between_two_looks_grows_with_the_time_that_jobs_take(elapsed: int, seconds: int) -> None:
    assert pause(timedelta(seconds=elapsed)) == timedelta(seconds=seconds)
