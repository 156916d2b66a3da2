"""What happens next in a rollout, case by case."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.rollouts.approvals import WaveDecision
from app.rollouts.members import Member, Run, Seen, deferred, retried
from app.rollouts.progress import Advance, Gate, Known, RolloutState, Wave, advance
from app.rollouts.states import CheckVerdict, Ending, GateKind, RolloutPhase, TargetState, WaveState
from app.rollouts.strategy import Amount, Approvals, WaveRule
from app.rollouts.windows import OPEN, Opening
from tests.rollouts.fleets import AUTHOR, DIGEST, START

NOW = START
WORKS = Seen(True, True, NOW, OPEN, revision=1, healthy_since=NOW - timedelta(days=1))
AWAY = replace(WORKS, is_reachable=False)
BROKEN = replace(WORKS, healthy_since=None)


def rollout(*waves: WaveRule, of: Mapping[int, int], budget: int = 100, **more: Any) -> RolloutState:
    members = {target: Member(wave) for target, wave in of.items()}
    return RolloutState(tuple(map(Wave, waves)), members, budget, DIGEST, author=AUTHOR, **more)


def advanced(before: RolloutState, seen: Mapping[int, Seen], after: float = 0, **more: Any) -> Advance:
    """The next advance, so many seconds after the start."""
    return advance(before, Known(seen, NOW + timedelta(seconds=after), **more))


def ready(seconds: float = 0) -> Seen:
    """A target that has the new revision since so many seconds after the start, and works."""
    at = NOW + timedelta(seconds=seconds)
    return Seen(True, True, at, OPEN, run=Run.SUCCEEDED, written=2, revision=2, healthy_since=at)


def states(found: Advance) -> dict[int, TargetState]:
    return {target: member.state for target, member in found.rollout.members.items()}


def moment(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


ONE = WaveRule("one")
TWO = WaveRule("two")


def test_waves_move_one_after_the_other_and_the_rollout_succeeds() -> None:
    first = advanced(rollout(ONE, TWO, of={1: 0, 2: 1}), {1: WORKS, 2: WORKS})
    assert (first.moves, first.rollout.phase, first.next_at) == ((1,), RolloutPhase.RUNNING, moment(15 * 60))
    second = advanced(first.rollout, {1: ready(5), 2: WORKS}, 5)
    assert (second.moves, states(second)[1], second.next_at) == ((), TargetState.SETTLING, moment(15))
    third = advanced(second.rollout, {1: ready(5), 2: WORKS}, 15)
    assert (third.moves, states(third)[1]) == ((2,), TargetState.READY)
    last = advanced(third.rollout, {1: ready(5), 2: ready(20)}, 30)
    assert (last.moves, last.rollout.phase, last.next_at) == ((), RolloutPhase.SUCCEEDED, None)


def test_a_removed_target_is_skipped_and_holds_nothing_up() -> None:
    gone = replace(WORKS, is_targeted=False)
    found = advanced(rollout(ONE, TWO, of={1: 0, 2: 1}), {1: gone, 2: WORKS})
    assert (states(found)[1], found.moves) == (TargetState.SKIPPED, (2,))


def test_the_budget_counts_all_waves_together_and_not_what_did_not_work_before() -> None:
    seen = {1: WORKS, 2: WORKS, 3: BROKEN, 4: AWAY}
    found = advanced(rollout(ONE, of=dict.fromkeys(seen, 0), budget=1), seen)
    assert found.moves == (3, 1)  # the broken one first, and it costs nothing
    assert found.waiting_for == (Gate(GateKind.BUDGET, 0, (2,)),)


def test_a_failed_target_keeps_its_place_in_the_budget_also_while_it_is_retried() -> None:
    rule = WaveRule("one", max_failures=Amount(2))
    first = advanced(rollout(rule, of={1: 0, 2: 0}, budget=1), {1: WORKS, 2: WORKS})
    failed = {1: Seen(True, True, moment(5), OPEN, run=Run.FAILED, revision=1), 2: WORKS}
    second = advanced(first.rollout, failed, 5)
    assert (second.moves, second.rollout.phase) == ((), RolloutPhase.FAILED)
    assert second.rollout.ending is Ending.BUDGET_USED_UP
    members = {**second.rollout.members, 1: retried(second.rollout.members[1])}
    third = advanced(replace(second.rollout, members=members, phase=RolloutPhase.RUNNING), failed, 6)
    assert third.moves == (1,)


@pytest.mark.parametrize(
    "stale",
    [
        replace(ready(5), revision=1),  # the revision before
        replace(ready(5), observed_at=NOW),  # observed before it moved
        replace(ready(5), healthy_since=None),
        replace(ready(5), revision=3),  # somebody else's
    ],
)
def test_the_health_of_another_revision_or_moment_makes_no_target_ready(stale: Seen) -> None:
    first = advanced(rollout(ONE, of={1: 0}), {1: WORKS})
    assert states(advanced(first.rollout, {1: stale}, 600))[1] is TargetState.SETTLING
    late = advanced(first.rollout, {1: stale}, 15 * 60)
    assert (states(late)[1], late.rollout.ending) == (TargetState.FAILED, Ending.TOO_MANY_FAILURES)


def test_health_must_last_and_what_loses_it_settles_again() -> None:
    rule = WaveRule("one", min_ready=timedelta(seconds=60), soak=timedelta(hours=1))
    first = advanced(rollout(rule, of={1: 0}), {1: WORKS})
    assert states(advanced(first.rollout, {1: ready(5)}, 64))[1] is TargetState.SETTLING
    second = advanced(first.rollout, {1: ready(5)}, 65)
    assert (states(second)[1], second.rollout.waves[0].state) == (TargetState.READY, WaveState.SOAKING)
    lost = advanced(second.rollout, {1: replace(ready(5), healthy_since=None)}, 100)
    assert (states(lost)[1], lost.rollout.waves[0].state) == (TargetState.SETTLING, WaveState.RUNNING)


def test_a_target_that_is_away_is_deferred_costs_nothing_and_catches_up_after_the_end() -> None:
    rule = WaveRule("one", max_deferred=Amount(1))
    first = advanced(rollout(rule, of={1: 0, 2: 0}, budget=1), {1: AWAY, 2: WORKS})
    assert (states(first)[1], first.moves) == (TargetState.DEFERRED, (2,))
    second = advanced(first.rollout, {1: AWAY, 2: ready(5)}, 60)
    assert second.rollout.phase is RolloutPhase.SUCCEEDED
    back = advanced(second.rollout, {1: WORKS, 2: ready(5)}, 600)
    assert (back.moves, back.rollout.phase) == ((1,), RolloutPhase.SUCCEEDED)


def test_more_deferred_targets_than_allowed_hold_the_wave_until_one_is_back() -> None:
    found = advanced(rollout(ONE, TWO, of={1: 0, 2: 1}), {1: AWAY, 2: WORKS})
    assert (found.moves, found.rollout.phase) == ((), RolloutPhase.WAITING)
    assert found.waiting_for == (Gate(GateKind.UNREACHABLE, 0, (1,)),)
    assert advanced(found.rollout, {1: WORKS, 2: WORKS}, 60).moves == (1,)


def test_a_target_that_disappears_after_its_move_is_inconclusive_at_its_deadline_and_never_failed() -> None:
    first = advanced(rollout(ONE, of={1: 0}, budget=1), {1: WORKS})
    away = replace(AWAY, run=Run.OPEN)
    assert states(advanced(first.rollout, {1: away}, 15 * 60 - 1))[1] is TargetState.MOVING
    late = advanced(first.rollout, {1: away}, 15 * 60)
    assert (states(late)[1], late.rollout.phase) == (TargetState.INCONCLUSIVE, RolloutPhase.WAITING)
    assert late.rollout.members[1].costs_budget
    back = advanced(late.rollout, {1: ready(2000)}, 2010)
    assert (states(back)[1], back.rollout.phase) == (TargetState.READY, RolloutPhase.SUCCEEDED)


def test_a_target_that_is_healthy_after_its_deadline_is_looked_at_again_when_it_can_be_ready() -> None:
    rule = WaveRule("one", max_failures=Amount(1), deadline=timedelta(seconds=60), min_ready=timedelta(seconds=30))
    first = advanced(rollout(rule, of={1: 0, 2: 0}), {1: WORKS, 2: AWAY})
    late = advanced(first.rollout, {1: ready(50), 2: AWAY}, 60)
    assert (states(late)[1], late.rollout.phase, late.next_at) == (TargetState.FAILED, RolloutPhase.WAITING, moment(80))
    assert states(advanced(late.rollout, {1: ready(50), 2: AWAY}, 80))[1] is TargetState.READY


def test_a_target_that_a_person_deferred_waits_until_a_person_retries_it() -> None:
    before = rollout(ONE, of={1: 0})
    waiting = replace(before, members={1: deferred(before.members[1])})
    found = advanced(waiting, {1: WORKS})
    assert (found.moves, states(found)[1]) == ((), TargetState.DEFERRED)
    again = replace(found.rollout, members={1: retried(found.rollout.members[1])})
    assert advanced(again, {1: WORKS}).moves == (1,)


@pytest.mark.parametrize(
    ("verdict", "phase", "ending"),
    [
        (CheckVerdict.RUNNING, RolloutPhase.WAITING, None),
        (CheckVerdict.PASSED, RolloutPhase.SUCCEEDED, None),
        (CheckVerdict.FAILED, RolloutPhase.FAILED, Ending.CHECK_FAILED),
        (CheckVerdict.INCONCLUSIVE, RolloutPhase.WAITING, None),
        (CheckVerdict.ERROR, RolloutPhase.WAITING, None),
    ],
)
def test_only_a_failed_check_fails_the_rollout(
    verdict: CheckVerdict, phase: RolloutPhase, ending: Ending | None
) -> None:
    first = advanced(rollout(WaveRule("one", checks=("latency",)), of={1: 0}, is_expedited=True), {1: WORKS})
    found = advanced(first.rollout, {1: ready(5)}, 60, checks={(0, "latency"): verdict})
    assert (found.rollout.phase, found.rollout.ending) == (phase, ending)


@pytest.mark.parametrize(
    ("verdict", "moves", "phase", "waits"),
    [
        (None, (), RolloutPhase.WAITING, True),
        (CheckVerdict.RUNNING, (), RolloutPhase.WAITING, True),
        (CheckVerdict.INCONCLUSIVE, (), RolloutPhase.WAITING, True),
        (CheckVerdict.FAILED, (), RolloutPhase.FAILED, False),
        (CheckVerdict.PASSED, (1,), RolloutPhase.RUNNING, False),
    ],
)
def test_a_check_before_a_wave_runs_after_its_approval_and_holds_the_wave_until_it_has_passed(
    verdict: CheckVerdict | None, moves: tuple[int, ...], phase: RolloutPhase, waits: bool
) -> None:
    rule = WaveRule("one", approvals=Approvals(), checks_before=("ready",))
    unapproved = advanced(rollout(rule, of={1: 0}), {1: WORKS})
    assert unapproved.checks == []
    checks = {} if verdict is None else {(0, "ready"): verdict}
    found = advanced(
        rollout(rule, of={1: 0}), {1: WORKS}, decisions=[WaveDecision(0, DIGEST, 2, True, NOW)], checks=checks
    )
    assert (found.moves, found.rollout.phase, found.checks) == (moves, phase, [(0, "ready")] if waits else [])


def test_more_failures_than_allowed_end_the_rollout_and_those_in_flight_are_still_observed() -> None:
    rule = WaveRule("one", max_concurrent=Amount(2), max_failures=Amount(0))
    first = advanced(rollout(rule, of={1: 0, 2: 0, 3: 0}), dict.fromkeys((1, 2, 3), WORKS))
    failed = Seen(True, True, moment(5), OPEN, run=Run.FAILED, revision=1)
    second = advanced(first.rollout, {1: failed, 2: replace(WORKS, run=Run.OPEN), 3: WORKS}, 5)
    assert (second.moves, second.rollout.phase, second.rollout.ending) == (
        (),
        RolloutPhase.FAILED,
        Ending.TOO_MANY_FAILURES,
    )
    third = advanced(second.rollout, {1: failed, 2: ready(10), 3: WORKS}, 60)
    assert states(third) == {1: TargetState.FAILED, 2: TargetState.READY, 3: TargetState.BEHIND}


def test_a_closed_window_takes_no_place_and_opens_by_itself() -> None:
    until = moment(3600)
    closed = replace(WORKS, opening=Opening(is_open=False, reason="A freeze.", until=until))
    rule = WaveRule("one", max_concurrent=Amount(1))
    found = advanced(rollout(rule, of={1: 0, 2: 0}, budget=1), {1: closed, 2: WORKS})
    assert found.moves == (2,)
    alone = advanced(rollout(rule, of={1: 0}), {1: closed})
    assert (alone.moves, alone.rollout.phase, alone.next_at) == ((), RolloutPhase.WAITING, until)
    assert alone.waiting_for == (Gate(GateKind.WINDOW, 0, (1,), until, "A freeze."),)


def test_a_move_that_began_inside_of_a_window_is_finished_after_it() -> None:
    first = advanced(rollout(ONE, of={1: 0}), {1: WORKS})
    closed = replace(ready(5), opening=Opening(is_open=False))
    assert advanced(first.rollout, {1: closed}, 60).rollout.phase is RolloutPhase.SUCCEEDED


def test_an_unapproved_wave_waits_and_an_expedited_rollout_skips_approvals_and_soaks_but_not_checks() -> None:
    rule = WaveRule("one", approvals=Approvals(), soak=timedelta(hours=1), checks=("latency",))
    waiting = advanced(rollout(rule, of={1: 0}), {1: WORKS})
    assert (waiting.moves, waiting.rollout.phase) == ((), RolloutPhase.WAITING)
    assert waiting.waiting_for == (Gate(GateKind.APPROVAL, 0, message="0 of 1 approvals"),)
    approved = [WaveDecision(0, DIGEST, 2, True, NOW)]
    assert advanced(waiting.rollout, {1: WORKS}, decisions=approved).moves == (1,)
    hurried = advanced(replace(waiting.rollout, is_expedited=True), {1: WORKS})
    assert hurried.moves == (1,)
    found = advanced(hurried.rollout, {1: ready(5)}, 60)
    assert found.waiting_for == (Gate(GateKind.CHECK, 0, message="latency"),)


def test_a_rejection_aborts_the_rollout() -> None:
    found = advanced(rollout(ONE, of={1: 0}), {1: WORKS}, decisions=[WaveDecision(0, DIGEST, 2, False, NOW)])
    assert (found.moves, found.rollout.phase, found.rollout.ending) == ((), RolloutPhase.ABORTED, Ending.REJECTED)


def test_a_target_on_which_another_operation_works_moves_after_it() -> None:
    found = advanced(rollout(ONE, of={1: 0, 2: 0}), {1: replace(WORKS, is_busy=True), 2: WORKS})
    assert found.moves == (2,)
    assert found.waiting_for == (Gate(GateKind.OTHER_OPERATION, 0, (1,)),)


@pytest.mark.parametrize(
    "phase", [RolloutPhase.PAUSED, RolloutPhase.FAILED, RolloutPhase.ABORTED, RolloutPhase.SUPERSEDED]
)
def test_nothing_moves_in_a_rollout_that_is_paused_or_has_ended(phase: RolloutPhase) -> None:
    found = advanced(rollout(ONE, of={1: 0}, phase=phase), {1: WORKS})
    assert (found.moves, found.rollout.phase) == ((), phase)
