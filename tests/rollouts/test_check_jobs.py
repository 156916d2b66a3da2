from datetime import UTC, datetime
from typing import Any

import pytest

from app.rollouts.check_jobs import finding_of, job_of, key_of
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
    ("status", "finding"),
    [
        (None, None),
        ({}, None),
        ({"conditions": "odd"}, None),
        ({"conditions": [{"type": "Complete", "status": "False"}]}, None),
        (
            {"conditions": [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]},
            Finding(Answer.PASSED, "The Job has succeeded."),
        ),
        (
            {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]},
            Finding(Answer.FAILED, "The Job has failed: DeadlineExceeded."),
        ),
    ],
)
def test_a_job_has_a_result_once_it_has_ended(status: Any, finding: Finding | None) -> None:
    assert finding_of({"status": status}) == finding
