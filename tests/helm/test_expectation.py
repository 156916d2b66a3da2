"""Which records a run may write."""

import pytest

from app.helm.expectation import Expectation
from app.helm.request import Request

UPGRADE = Expectation(6)
ATOMIC = Expectation(6, rolls_back=True)


def record(method: str, revision: int) -> Request:
    return Request(method, "/api/v1/namespaces/default/secrets", writes=True, revision=revision)


@pytest.mark.parametrize(
    ("expected", "method", "revision", "allowed"),
    [
        (UPGRADE, "POST", 6, True),
        (UPGRADE, "POST", 7, False),
        (UPGRADE, "POST", 5, False),
        (UPGRADE, "PUT", 6, True),
        (UPGRADE, "PUT", 5, True),
        (UPGRADE, "PUT", 7, False),
        (UPGRADE, "DELETE", 1, True),
        (ATOMIC, "POST", 6, True),
        (ATOMIC, "POST", 7, True),
        (ATOMIC, "PUT", 7, True),
        (ATOMIC, "POST", 8, False),
    ],
)
def test_a_run_creates_the_revision_of_its_intent_and_changes_no_later_one(
    expected: Expectation, method: str, revision: int, allowed: bool
) -> None:
    assert expected.allows(record(method, revision)) is allowed


def test_requests_that_do_not_write_a_record_are_always_allowed() -> None:
    assert UPGRADE.allows(Request("POST", "/api/v1/namespaces/default/configmaps", writes=True))
