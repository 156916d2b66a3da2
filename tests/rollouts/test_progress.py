"""What moves next, on random fleets: the budget holds, everything ends, and a restart changes nothing."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rollouts.progress import advance
from app.rollouts.states import ENDED, IN_FLIGHT, GateKind, RolloutPhase, TargetState
from tests.rollouts.fleets import Fleet

FLEETS = int(os.environ.get("ROLLOUT_FLEETS", "400"))
"""10,000 of them take a minute or two."""
SEEDS = st.integers(0, 2**32)


@given(seed=SEEDS)
@settings(max_examples=FLEETS, deadline=None)
def test_the_budget_holds_at_every_moment_everything_ends_and_a_restart_changes_nothing(seed: int) -> None:
    fleet = Fleet.of(seed)
    for _ in range(2_000):
        before = fleet.rollout
        advanced = fleet.advance()
        down = sum(target.is_down_because_of_us(fleet.now) for target in fleet.targets.values())
        assert down <= before.budget
        again = advance(advanced.rollout, fleet.known())
        assert (again.moves, again.rollout) == ((), advanced.rollout)
        if not fleet.goes_on():
            break
    else:
        pytest.fail("It does not end.")
    assert not any(member.state in IN_FLIGHT for member in fleet.rollout.members.values())
    if fleet.rollout.phase not in ENDED:
        kinds = {gate.kind for gate in advanced.waiting_for}
        assert kinds & {GateKind.UNREACHABLE, GateKind.BUDGET}, advanced
        assert any(
            member.state in (TargetState.DEFERRED, TargetState.INCONCLUSIVE)
            for member in fleet.rollout.members.values()
        )
    behind = {number for number, member in fleet.rollout.members.items() if member.state is TargetState.BEHIND}
    if (
        fleet.rollout.phase is RolloutPhase.SUCCEEDED and behind
    ):  # they were away, and failed ones take all of the budget
        assert [gate.kind for gate in advanced.waiting_for] == [GateKind.BUDGET] * len(advanced.waiting_for)
