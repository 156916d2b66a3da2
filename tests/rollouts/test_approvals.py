from datetime import timedelta

import pytest

from app.rollouts.approvals import WaveDecision, approving, is_rejected
from app.rollouts.strategy import Approvals
from tests.rollouts.fleets import AUTHOR, DIGEST, START

RULE = Approvals(required=2, valid=timedelta(days=1))


def decision(user: int, *, approves: bool = True, wave: int = 0, digest: str = DIGEST, hours: int = 0) -> WaveDecision:
    return WaveDecision(wave, digest, user, approves, START + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ([decision(2), decision(3)], {2, 3}),
        ([decision(2), decision(2)], {2}),
        ([decision(AUTHOR), decision(2)], {2}),
        ([decision(2, digest="of another plan")], set()),
        ([decision(2, wave=1)], set()),
        ([decision(2, hours=-24)], set()),
        ([decision(2, hours=-1), decision(2, approves=False)], set()),
        ([decision(2, approves=False, hours=-1), decision(2)], {2}),
    ],
    ids=["two", "one twice", "the author", "another plan", "another wave", "expired", "withdrawn", "given after all"],
)
def test_an_approval_counts_once_for_its_plan_and_wave_and_not_from_the_author(
    decisions: list[WaveDecision], expected: set[int]
) -> None:
    assert approving(RULE, decisions, wave=0, plan_digest=DIGEST, author=AUTHOR, now=START) == expected


def test_a_rejection_counts_until_its_user_approves() -> None:
    assert is_rejected([decision(2, approves=False)], wave=0, plan_digest=DIGEST)
    assert not is_rejected([decision(2, approves=False, wave=1)], wave=0, plan_digest=DIGEST)
    assert not is_rejected([decision(2, approves=False), decision(2, hours=1)], wave=0, plan_digest=DIGEST)
