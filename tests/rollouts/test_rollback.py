from datetime import timedelta

import pytest

from app.rollouts.members import Member
from app.rollouts.progress import RolloutState, Wave
from app.rollouts.rollback import Rollback, is_automatic, rollback
from app.rollouts.states import TargetState
from app.rollouts.strategy import WaveRule
from tests.rollouts.fleets import DIGEST, START


def test_each_moved_target_goes_back_to_its_own_generation_and_the_last_wave_first() -> None:
    members = {
        1: Member(0, TargetState.READY, moved_at=START),
        2: Member(0, TargetState.READY, moved_at=START),
        3: Member(1, TargetState.FAILED, moved_at=START),
        4: Member(1, TargetState.FAILED, moved_at=START),
        5: Member(1),
    }
    rollout = RolloutState((Wave(WaveRule("first")), Wave(WaveRule("second"))), members, 2, DIGEST)
    found = rollback(rollout, {1: 7, 2: 5, 3: 7, 5: 7})
    assert found == Rollback({1: 7, 2: 5, 3: 7}, ((3,), (1, 2)), left=(4,))


@pytest.mark.parametrize(
    ("after", "is_rollback", "expected"),
    [
        (timedelta(0), False, True),
        (timedelta(minutes=20), False, True),
        (timedelta(minutes=21), False, False),
        (timedelta(0), True, False),
    ],
)
def test_old_failures_and_rollbacks_are_not_rolled_back(after: timedelta, is_rollback: bool, expected: bool) -> None:
    assert is_automatic(failed_at=START, now=START + after, is_rollback=is_rollback) is expected
