"""What moves next, on random fleets: the budget holds, everything ends, and a restart changes nothing."""

from hypothesis import given, settings

from app.rollouts.progress import advance
from app.rollouts.states import ENDED, IN_FLIGHT, GateKind, RolloutPhase, TargetState
from tests.rollouts.fleets import FLEETS, SEEDS, Fleet


@given(seed=SEEDS)
@settings(max_examples=FLEETS, deadline=None)
def test_the_budget_holds_at_every_moment_everything_ends_and_a_restart_changes_nothing(seed: int) -> None:
    fleet = Fleet.of(seed)
    for step in fleet.steps():
        advanced = step.advanced
        down = sum(target.is_down_because_of_us(fleet.now) for target in fleet.targets.values())
        assert down <= step.before.budget
        again = advance(advanced.rollout, fleet.known())
        assert (again.moves, again.rollout) == ((), advanced.rollout)
    assert not any(member.state in IN_FLIGHT for member in fleet.rollout.members.values())
    kinds = {gate.kind for gate in advanced.waiting_for}
    if fleet.rollout.phase not in ENDED and GateKind.CHECK not in kinds:
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
