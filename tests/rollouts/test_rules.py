"""The ten rules of rollouts, each as a property. docs/decisions/rollouts.md says why they hold."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.releases.selectors import ClusterFacts, Selector
from app.rollouts.approvals import WaveDecision
from app.rollouts.checks import CheckKind, CheckRule
from app.rollouts.members import Member, Run, Seen
from app.rollouts.progress import Gate, Known, RolloutState, Wave, advance
from app.rollouts.rollback import LATEST, is_automatic, rollback
from app.rollouts.states import Answer, CheckVerdict, Ending, GateKind, RolloutPhase, TargetState, WaveState
from app.rollouts.strategy import REST, Amount, Approvals, Strategy, WaveRule, assign
from app.rollouts.windows import OPEN, Opening, Window, WindowKind, for_rollback, opening
from tests.rollouts.fleets import AUTHOR, DIGEST, FLEETS, SEEDS, START, Fleet, Step

NOW = START
WORKS = Seen(True, True, NOW, OPEN, revision=1, healthy_since=NOW - timedelta(days=1))
COST = (TargetState.MOVING, TargetState.SETTLING, TargetState.FAILED, TargetState.INCONCLUSIVE)
SECONDS = st.integers(-100, 100)
CHEAP = settings(max_examples=FLEETS // 4, deadline=None)
ON_FLEETS = settings(max_examples=FLEETS // 8, deadline=None)


def one_wave(rule: WaveRule, members: Mapping[int, Member], budget: int = 100, **more: Any) -> RolloutState:
    return RolloutState((Wave(rule),), members, budget, DIGEST, author=AUTHOR, **more)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@CHEAP
@given(
    stages=st.lists(st.sampled_from("abcd"), min_size=1, max_size=12),
    waves=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([Amount(1), Amount(3), Amount(50, True), Amount(100, True)])),
        max_size=4,
    ),
)
def test_rule_1_each_cluster_is_in_the_first_wave_that_takes_it_and_else_in_a_last_one(
    stages: list[str], waves: list[tuple[str, Amount]]
) -> None:
    clusters = [
        ClusterFacts(f"c{i:02}", "aws", "eks", "eu-west-1", {"stage": stage}, "1.31.0", "fleet")
        for i, stage in enumerate(stages)
    ]
    given_rules = tuple(
        WaveRule(f"w{i}", Selector(labels={"stage": [stage]}), size) for i, (stage, size) in enumerate(waves)
    )
    rules, wave_of = assign(Strategy(given_rules), clusters)
    left = {f"c{i:02}": stage for i, stage in enumerate(stages)}
    expected = dict[str, int]()
    for index, (stage, size) in enumerate(waves):
        whole = len(stages) * size.number // 100 if size.is_percentage else size.number
        taken = [name for name in left if left[name] == stage][: max(1, whole)]
        expected |= dict.fromkeys(taken, index)
        left = {name: stage for name, stage in left.items() if name not in taken}
    expected |= dict.fromkeys(left, len(waves))
    assert wave_of == expected
    has_rest = bool(left) or not waves
    assert [rule.name for rule in rules] == [rule.name for rule in given_rules] + [REST] * has_rest


@ON_FLEETS
@given(seed=SEEDS)
def test_rule_1_a_removed_target_is_skipped_and_membership_and_rules_stay_as_they_were(seed: int) -> None:
    fleet = Fleet.of(seed)
    waves_of = {number: member.wave for number, member in fleet.rollout.members.items()}
    rules = [wave.rule for wave in fleet.rollout.waves]
    for step in fleet.steps():
        assert {number: member.wave for number, member in step.after.members.items()} == waves_of
        assert [wave.rule for wave in step.after.waves] == rules
        for number, member in step.after.members.items():
            assert (member.state is TargetState.SKIPPED) is not step.known.seen[number].is_targeted


@ON_FLEETS
@given(seed=SEEDS)
def test_rule_2_the_budget_counts_the_moved_targets_of_all_waves_that_worked_before(seed: int) -> None:
    fleet = Fleet.of(seed)
    worked = set[int]()
    for step in fleet.steps():
        worked |= {number for number in step.advanced.moves if not step.known.seen[number].is_unavailable}
        used = [number for number in worked if step.after.members[number].state in COST]
        assert len(used) <= step.before.budget
        for gate in _gates(step, GateKind.BUDGET):
            assert len(used) == step.before.budget
            assert not any(step.known.seen[number].is_unavailable for number in gate.targets)


@CHEAP
@given(percentage=st.integers(0, 100), targets=st.integers(0, 200))
def test_rule_2_percentages_are_rounded_down_and_the_budget_is_at_least_one(percentage: int, targets: int) -> None:
    amount = Amount(percentage, is_percentage=True)
    whole = next(n for n in range(targets, -1, -1) if n * 100 <= targets * percentage)
    assert Strategy(max_unavailable=amount).budget(targets) == max(1, whole)
    assert amount.of(targets) == whole


@CHEAP
@given(
    run=st.sampled_from([Run.SUCCEEDED, Run.SUCCEEDED, Run.SUCCEEDED, Run.OPEN, Run.FAILED]),
    is_reachable=st.sampled_from([True, True, True, False]),
    revision=st.sampled_from([2, 2, 1, 3, None]),
    written=st.sampled_from([2, 2, 2, 3, None]),
    observed=SECONDS,
    healthy=st.none() | SECONDS,
    min_ready=st.sampled_from([0, 10, 60]),
    elapsed=st.integers(0, 300),
)
def test_rule_3_a_target_is_ready_only_with_the_revision_written_and_seen_healthy_after_its_move_for_long_enough(
    run: Run,
    is_reachable: bool,
    revision: int | None,
    written: int | None,
    observed: int,
    healthy: int | None,
    min_ready: int,
    elapsed: int,
) -> None:
    rule = WaveRule("one", min_ready=timedelta(seconds=min_ready))
    begun = advance(one_wave(rule, {1: Member(0)}), Known({1: WORKS}, NOW))
    assert begun.moves == (1,)
    seen = Seen(
        *(True, is_reachable, after(observed), OPEN),
        run=run,
        written=written,
        revision=revision,
        healthy_since=None if healthy is None else after(healthy),
    )
    found = advance(begun.rollout, Known({1: seen}, after(elapsed)))
    is_ready = (
        (run, is_reachable) == (Run.SUCCEEDED, True)
        and written is not None
        and revision == written
        and observed > 0
        and healthy is not None
        and max(healthy, 0) + min_ready <= elapsed
    )
    assert (found.rollout.members[1].state is TargetState.READY) is is_ready


@ON_FLEETS
@given(seed=SEEDS)
def test_rule_4_an_unreachable_target_is_deferred_before_its_move_and_inconclusive_after_it_and_never_failed(
    seed: int,
) -> None:
    fleet = Fleet.of(seed)
    for step in fleet.steps():
        for number, member in step.after.members.items():
            before, seen = step.before.members[number], step.known.seen[number]
            if not seen.is_targeted or seen.is_reachable:
                assert member.state is not TargetState.DEFERRED
                continue
            if member.moved_at is None:
                assert member.state is TargetState.DEFERRED
                assert not member.costs_budget
            elif before.state in (TargetState.MOVING, TargetState.SETTLING):
                assert member.due is not None
                is_late = member.due <= step.known.now
                assert member.state is (TargetState.INCONCLUSIVE if is_late else before.state)
                assert member.costs_budget is before.costs_budget
            else:
                assert member.state is before.state
        for index, (old, new) in enumerate(zip(step.before.waves, step.after.waves, strict=True)):
            if new.state is WaveState.SOAKING and old.state in (WaveState.PENDING, WaveState.RUNNING):
                group = [member for member in step.after.members.values() if member.wave == index]
                away = [m for m in group if m.state in (TargetState.DEFERRED, TargetState.INCONCLUSIVE)]
                assert len(away) <= new.rule.max_deferred.of(len(group))
    assert WaveRule("default").max_deferred == Amount(10, is_percentage=True)


@ON_FLEETS
@given(seed=SEEDS, steps=st.integers(0, 20), is_expedited=st.booleans())
def test_rule_5_a_newer_generation_begins_at_the_first_wave_after_the_moves_in_flight_and_never_skips_budget_or_checks(
    seed: int, steps: int, is_expedited: bool
) -> None:
    fleet = Fleet.of(seed)
    for _ in zip(range(steps), fleet.steps(), strict=False):
        pass
    fleet.supersede(is_expedited=is_expedited)
    for step in fleet.steps():
        for number in step.advanced.moves:
            assert all(wave.state is WaveState.PASSED for wave in step.after.waves[: step.after.members[number].wave])
            before = step.before.members[number]
            if before.is_preceding:
                assert before.due is not None
                assert step.known.seen[number].run is not Run.OPEN or before.due <= step.known.now
        skipped = _gates(step, GateKind.APPROVAL) + _gates(step, GateKind.SOAK)
        assert not (is_expedited and skipped)
        used = sum(member.costs_budget for member in step.after.members.values())
        taken_over = sum(member.costs_budget for member in step.before.members.values() if member.is_preceding)
        assert used <= max(step.before.budget, taken_over)
        for index, wave in enumerate(step.after.waves):
            needed = (wave.rule.checks_before if wave.state is not WaveState.PENDING else ()) + (
                wave.rule.checks if wave.state is WaveState.PASSED else ()
            )
            assert all(step.known.checks[index, name] is CheckVerdict.PASSED for name in needed)


@CHEAP
@given(
    answers=st.lists(st.sampled_from(Answer), max_size=8),
    count=st.integers(1, 4),
    limits=st.tuples(*[st.integers(0, 2)] * 3),
    is_before=st.booleans(),
)
def test_rule_6_only_more_failed_measurements_than_allowed_fail_a_rollout_and_let_it_be_rolled_back(
    answers: list[Answer], count: int, limits: tuple[int, int, int], is_before: bool
) -> None:
    check = CheckRule("c", CheckKind.HEALTH, timedelta(seconds=30), count, *limits, {})
    verdict = check.verdict(answers)
    rule = WaveRule("one", checks_before=("c",)) if is_before else WaveRule("one", checks=("c",))
    state = TargetState.BEHIND if is_before else TargetState.READY
    found = advance(one_wave(rule, {1: Member(0, state)}), Known({1: WORKS}, NOW, checks={(0, "c"): verdict})).rollout
    has_failed = answers.count(Answer.FAILED) > limits[0]
    assert (found.phase is RolloutPhase.FAILED) is has_failed
    assert (found.ending in Strategy().rolls_back_on) is has_failed
    assert found.ending is (Ending.CHECK_FAILED if has_failed else None)
    if verdict in (CheckVerdict.INCONCLUSIVE, CheckVerdict.ERROR):
        assert found.phase is RolloutPhase.WAITING


@CHEAP
@given(
    members=st.dictionaries(st.integers(1, 12), st.tuples(st.integers(0, 3), st.booleans())),
    verified=st.dictionaries(st.integers(1, 12), st.integers(1, 9)),
    age=st.integers(0, 2 * int(LATEST.total_seconds())),
    is_rollback=st.booleans(),
)
def test_rule_7_targets_that_moved_return_to_their_own_verified_generations_in_reverse_order_of_the_waves(
    members: dict[int, tuple[int, bool]], verified: dict[int, int], age: int, is_rollback: bool
) -> None:
    moved = {number for number, (_, has_moved) in members.items() if has_moved}
    rollout = RolloutState(
        tuple(Wave(WaveRule(f"w{i}")) for i in range(4)),
        {number: Member(wave, moved_at=START if has_moved else None) for number, (wave, has_moved) in members.items()},
        *(1, DIGEST),
    )
    found = rollback(rollout, verified)
    assert found.generations == {number: verified[number] for number in moved & verified.keys()}
    assert set(found.left) == moved - verified.keys()
    order = [number for wave in found.waves for number in wave]
    assert sorted(order) == sorted(found.generations)
    waves = [{members[number][0] for number in wave} for wave in found.waves]
    assert waves == [{index} for index in sorted({members[number][0] for number in order}, reverse=True)]
    is_early = age <= 20 * 60
    assert is_automatic(failed_at=NOW, now=after(age), is_rollback=is_rollback) is (is_early and not is_rollback)


def _window(kind: WindowKind, hour: int, hours: int) -> Window:
    starts = (NOW - timedelta(days=3)).replace(hour=hour, tzinfo=None)
    return Window(f"{kind} at {hour}", kind, "FREQ=DAILY", starts, timedelta(hours=hours))


WINDOWS = [_window(kind, hour, hours) for kind in WindowKind for hour, hours in ((1, 4), (4, 12), (20, 8))]


@CHEAP
@given(windows=st.lists(st.sampled_from(WINDOWS), unique_by=lambda window: window.name), minute=st.integers(0, 1439))
def test_rule_8_targets_may_move_outside_of_all_deny_windows_and_inside_of_an_allow_window_if_there_are_any(
    windows: list[Window], minute: int
) -> None:
    def is_inside(window: Window) -> bool:
        return timedelta(minutes=(minute - window.starts.hour * 60) % 1440) < window.duration

    allowing = [is_inside(window) for window in windows if window.kind is WindowKind.ALLOW]
    denying = [is_inside(window) for window in windows if window.kind is WindowKind.DENY]
    is_open = not any(denying) and (any(allowing) or not allowing)
    assert opening(windows, NOW + timedelta(minutes=minute)).is_open is is_open
    assert for_rollback(windows) == []


@CHEAP
@given(
    closed=st.dictionaries(st.integers(1, 10), st.booleans(), min_size=1),
    budget=st.integers(1, 5),
    most=st.integers(1, 5),
)
def test_rule_8_targets_whose_windows_are_closed_take_no_place_from_others(
    closed: dict[int, bool], budget: int, most: int
) -> None:
    shut = replace(WORKS, opening=Opening(is_open=False))
    seen = {number: shut if is_closed else WORKS for number, is_closed in closed.items()}
    rule = WaveRule("one", max_concurrent=Amount(most))
    found = advance(one_wave(rule, {number: Member(0) for number in seen}, budget), Known(seen, NOW))
    assert found.moves == tuple(sorted(n for n, is_closed in closed.items() if not is_closed)[: min(budget, most)])


@ON_FLEETS
@given(seed=SEEDS)
def test_rule_8_windows_hold_moves_and_neither_what_has_begun_nor_checks(seed: int) -> None:
    for step in Fleet.of(seed).steps():
        assert all(step.known.seen[number].opening.is_open for number in step.advanced.moves)
        seen = {number: replace(each, opening=OPEN) for number, each in step.known.seen.items()}
        without = advance(step.before, replace(step.known, seen=seen))
        assert set(step.advanced.moves) | _closed(step) >= set(without.moves) - _closed(step)
        assert without.checks == step.advanced.checks
        assert without.rollout.waves == step.after.waves
        begun = [number for number, member in step.before.members.items() if member.moved_at is not None]
        for number in set(begun) - set(without.moves) - set(step.advanced.moves):
            assert without.rollout.members[number] == step.after.members[number]


@CHEAP
@given(
    given_decisions=st.lists(
        st.tuples(
            st.sampled_from([AUTHOR, 2, 3, 4]),
            st.sampled_from([0, 0, 0, 1]),
            st.sampled_from([DIGEST, DIGEST, DIGEST, "of another plan"]),
            st.sampled_from([True, True, True, True, False]),
            st.integers(-40, 0),
        ),
        unique_by=lambda decision: (decision[0], decision[4]),
        max_size=6,
    ),
    required=st.integers(1, 2),
)
def test_rule_9_a_wave_begins_with_enough_valid_approvals_of_its_own_plan_from_others_than_the_author(
    given_decisions: list[tuple[int, int, str, bool, int]], required: int
) -> None:
    rule = WaveRule("one", approvals=Approvals(required=required, valid=timedelta(hours=24)))
    decisions = [
        WaveDecision(wave, digest, user, approves, NOW + timedelta(hours=hour))
        for user, wave, digest, approves, hour in given_decisions
    ]
    found = advance(one_wave(rule, {1: Member(0)}), Known({1: WORKS}, NOW, decisions))
    newest = dict[int, tuple[int, bool]]()
    for user, wave, digest, approves, hour in given_decisions:
        if (wave, digest) == (0, DIGEST) and (user not in newest or hour > newest[user][0]):
            newest[user] = (hour, approves)
    is_rejected = any(not approves for _, approves in newest.values())
    approvers = [user for user, (hour, approves) in newest.items() if approves and user != AUTHOR and hour > -24]
    is_approved = not is_rejected and len(approvers) >= required
    assert found.moves == ((1,) if is_approved else ())
    assert (found.rollout.phase is RolloutPhase.ABORTED) is is_rejected
    changed = replace(one_wave(rule, {1: Member(0)}), plan_digest="of a changed plan")
    assert advance(changed, Known({1: WORKS}, NOW, decisions)).moves == ()


@ON_FLEETS
@given(seed=SEEDS)
def test_rule_10_an_advance_is_a_function_is_complete_and_says_when_time_alone_changes_something(seed: int) -> None:
    for step in Fleet.of(seed).steps():
        assert advance(step.before, step.known) == step.advanced  # a worker died before it had stored anything
        again = advance(step.after, step.known)  # or after it had stored everything
        assert (again.moves, again.rollout) == ((), step.after)
        never = step.known.now + timedelta(days=365)
        end = max(step.advanced.next_at or never, again.next_at or never)
        for moment in (step.known.now + (end - step.known.now) / 2, end - timedelta(microseconds=1)):
            early = advance(step.after, replace(step.known, now=moment))
            assert (early.moves, early.rollout) == ((), step.after)


def _gates(step: Step, kind: GateKind) -> list[Gate]:
    return [gate for gate in step.advanced.waiting_for if gate.kind is kind]


def _closed(step: Step) -> set[int]:
    return {number for number, seen in step.known.seen.items() if not seen.opening.is_open}
