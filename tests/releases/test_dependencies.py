"""When a release waits for the release of another deployment."""

from itertools import product

import pytest

from app.health.health import Health
from app.releases.dependencies import Answer, Need, Other, wait_for, wait_for_removal
from app.releases.status import TargetStatus

READY = Other(TargetStatus.DEPLOYED, Health.HEALTHY, "1.0.0", 3)
FAILED = Other(TargetStatus.FAILED, Health.DEGRADED, "1.0.0", 4)
CONDITION = "target.revision > 3"


def test_without_a_condition_only_a_deployed_and_healthy_target_is_enough() -> None:
    for status, health in product(TargetStatus, Health):
        message = wait_for(Need("db", "paris", Other(status, health)))
        is_ready = (status, health) == (TargetStatus.DEPLOYED, Health.HEALTHY)
        assert message == (None if is_ready else f"Waiting for db on paris, which is {status} and {health}.")


@pytest.mark.parametrize(
    ("other", "answer", "message"),
    [
        (None, None, "Waiting for db, which has no target on paris."),
        (READY, None, f"Waiting for db on paris: the condition {CONDITION} is being checked."),
        (READY, Answer.of(FAILED, True), f"Waiting for db on paris: the condition {CONDITION} is being checked."),
        (READY, Answer.of(READY, False), f"Waiting for db on paris: the condition {CONDITION} is not met."),
        (FAILED, Answer.of(FAILED, True), None),
        (
            READY,
            Answer.of(READY, None, "no such key: a"),
            f"Waiting for db on paris: the condition {CONDITION} has no result: no such key: a.",
        ),
        (
            READY,
            Answer.of(READY, "yes"),
            f"Waiting for db on paris: the condition {CONDITION} has no result: the result is not a boolean.",
        ),
    ],
)
def test_a_condition_has_to_hold_for_the_target_as_it_is_now(
    other: Other | None, answer: Answer | None, message: str | None
) -> None:
    assert wait_for(Need("db", "paris", other, CONDITION), answer) == message


def test_a_condition_sees_the_other_target_and_the_cluster_and_nothing_else() -> None:
    assert Need("db", "paris", READY, CONDITION).question == (
        CONDITION,
        {
            "target": {"status": "DEPLOYED", "health": "HEALTHY", "chartVersion": "1.0.0", "revision": 3},
            "cluster": {"name": "paris"},
        },
    )
    assert Need("db", "paris", READY).question is None
    assert Need("db", "paris", None, CONDITION).question is None


def test_a_removal_waits_for_the_release_that_depends_on_it() -> None:
    assert wait_for_removal("shop", "paris") == "Waiting until shop, which depends on it, is removed from paris."
