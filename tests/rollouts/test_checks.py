from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rollouts.checks import CheckKind, CheckRule, Finding, of_conditions, summed_up
from app.rollouts.progress import RolloutState, Wave, lapsed
from app.rollouts.states import Answer, CheckVerdict, RolloutPhase, WaveState
from app.rollouts.strategy import WaveRule

P, F, U, E = Answer.PASSED, Answer.FAILED, Answer.INCONCLUSIVE, Answer.ERROR


def rule(count: int = 1, *, failures: int = 0, unsure: int = 0, errors: int = 0) -> CheckRule:
    return CheckRule("c", CheckKind.HEALTH, timedelta(seconds=30), count, failures, unsure, errors, {})


@pytest.mark.parametrize(
    ("answers", "check", "verdict"),
    [
        ([], rule(), CheckVerdict.RUNNING),
        ([P], rule(), CheckVerdict.PASSED),
        ([P, P], rule(3), CheckVerdict.RUNNING),
        ([P, F], rule(3), CheckVerdict.FAILED),
        ([F, P], rule(3, failures=1), CheckVerdict.RUNNING),
        ([F, P, P], rule(3, failures=1), CheckVerdict.PASSED),
        ([F, P, F], rule(3, failures=1), CheckVerdict.FAILED),
        ([U], rule(3), CheckVerdict.INCONCLUSIVE),
        ([U, P, P], rule(3, unsure=1), CheckVerdict.PASSED),
        ([U, U], rule(3, unsure=1), CheckVerdict.INCONCLUSIVE),
        ([E], rule(), CheckVerdict.ERROR),
        ([E, E, P], rule(errors=2), CheckVerdict.PASSED),  # an error is no result
        ([E, E, P, E, E], rule(2, errors=2), CheckVerdict.RUNNING),  # and only errors in a row count
        ([E, E, E], rule(errors=2), CheckVerdict.ERROR),
    ],
)
def test_the_verdict_follows_from_the_measurements_and_the_limits(
    answers: list[Answer], check: CheckRule, verdict: CheckVerdict
) -> None:
    assert check.verdict(answers) is verdict


@given(st.lists(st.sampled_from(Answer)), st.integers(1, 5), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_a_check_always_ends_and_failures_beyond_the_limit_never_pass(
    answers: Sequence[Answer], count: int, failures: int, unsure: int, errors: int
) -> None:
    check = rule(count, failures=failures, unsure=unsure, errors=errors)
    longest = (count + 1) * (errors + 1)
    ends = [n for n in range(len(answers) + 1) if check.verdict(answers[:n]) is not CheckVerdict.RUNNING]
    if len(answers) >= longest:
        assert ends
    if ends:
        measured = answers[: ends[0]]
        assert (check.verdict(measured) is CheckVerdict.FAILED) == (measured.count(F) > failures)


@pytest.mark.parametrize(
    ("passes", "fails", "answer"),
    [
        (True, None, P), (False, None, F), (None, True, F), (None, False, P),
        (True, True, F), (True, False, P), (False, True, F), (False, False, U),
    ],
)  # fmt: skip
def test_two_conditions_of_which_neither_is_true_are_inconclusive(
    passes: bool | None, fails: bool | None, answer: Answer
) -> None:
    assert of_conditions(passes, fails, "").answer is answer


def test_the_worst_result_of_several_clusters_counts() -> None:
    found = {"a": Finding(P), "b": Finding(U, "Unsure."), "c": Finding(F, "Too few."), "d": Finding(F, "None.")}
    assert summed_up(found) == Finding(F, "c and 1 more: Too few.")
    assert summed_up({"a": Finding(P), "b": Finding(U, "Unsure.")}) == Finding(U, "b: Unsure.")
    assert summed_up({"a": Finding(E, "a: Unreachable.")}) == Finding(E, "a: Unreachable.")
    assert summed_up({"a": Finding(P), "b": Finding(P)}) == Finding(P, "It passes on 2 clusters.")


def test_what_lapses_is_a_running_check_of_an_ended_rollout_and_any_after_a_wave_that_settles_again() -> None:
    wave = WaveRule("one", checks_before=("before",), checks=("after",))
    states = {(0, "before"): CheckVerdict.PASSED, (0, "after"): CheckVerdict.PASSED, (1, "after"): CheckVerdict.RUNNING}

    def rollout(first: WaveState, phase: RolloutPhase) -> RolloutState:
        return RolloutState((Wave(wave, first), Wave(wave, WaveState.CHECKING)), {}, 1, "", phase=phase)

    assert lapsed(rollout(WaveState.PASSED, RolloutPhase.WAITING), states) == set()
    assert lapsed(rollout(WaveState.PASSED, RolloutPhase.PAUSED), states) == set()
    assert lapsed(rollout(WaveState.PASSED, RolloutPhase.ABORTED), states) == {(1, "after")}
    assert lapsed(rollout(WaveState.SOAKING, RolloutPhase.WAITING), states) == {(0, "after")}
