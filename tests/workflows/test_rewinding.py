"""Where the repetition of a run begins."""

from datetime import timedelta
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflows.definition import Definition
from app.workflows.rewinding import UnknownStepError, rewound, rewound_to_failures, unsuccessful
from app.workflows.run import Outcome, RunState, StepState, cancelling
from tests.workflows.plain import START, Attempt, World, random_steps
from tests.workflows.test_progress import FAILURE, Runner, driven

LATER = START + timedelta(days=1)
SEQUENCE = """
steps:
  - {name: build, type: log, inputs: {message: Building.}}
  - name: load
    forEach: {items: [eu, us, asia], as: region, limit: 3}
    continueOnError: false
    sequence:
      - {name: pull, type: log, inputs: {message: "${{ region }}"}}
      - {name: check, type: log, inputs: {message: "${{ region }}"}}
    timeout: 1h
    onFailure: [{name: clean, type: log, inputs: {message: Cleaning.}}]
  - {name: report, type: log, inputs: {message: Done.}}
"""


class Calm(World):
    """A world in which each attempt succeeds, and soon."""

    def attempt(self, path: str, number: int) -> Attempt:
        return Attempt(timedelta(microseconds=Random(f"{path} {number}").randint(1, 1000)), succeeds=True)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_a_failed_run_succeeds_if_its_failures_do_not_occur_again_and_nothing_else_is_repeated(seed: int) -> None:
    document = {
        "name": "random",
        "parameters": {"properties": {"no": {"type": "boolean", "default": False}}},
        "steps": random_steps(Random(seed), count()),
    }
    definition = Definition.of_json(document)
    before, _ = driven(definition, World(seed))
    failures = list(unsuccessful(definition, before))
    assert bool(failures) is (before.state is RunState.FAILED)
    if not failures:
        return
    begun = rewound_to_failures(definition, before, START)
    kept = {path: step for path, step in begun.steps.items() if step.state is not StepState.RUNNING}
    assert all(before.steps[path] == step for path, step in kept.items())
    after, _ = driven(definition, Calm(seed), begun)
    assert after.state is RunState.SUCCEEDED
    assert {path: after.steps[path] for path in kept} == kept


def failed() -> Runner:
    """A run in which the check of one of three regions has failed."""
    runner = Runner(SEQUENCE)
    runner.step()
    runner.ends("build")
    for index in range(3):
        runner.ends(f"load[{index}]/pull")
    runner.ends("load[0]/check")
    runner.ends("load[1]/check", FAILURE)
    runner.ends("load[2]/check")
    runner.ends("load.onFailure/clean")
    assert runner.run.state is RunState.FAILED
    return runner


def test_only_what_has_failed_runs_again_and_then_what_comes_after_it() -> None:
    runner = failed()
    assert list(unsuccessful(runner.definition, runner.run)) == ["load[1]/check"]
    runner.run, runner.now = rewound_to_failures(runner.definition, runner.run, LATER), LATER
    assert "load.onFailure/clean" not in runner.run.steps
    assert runner.run.steps["load[1]"].due == LATER + timedelta(hours=1)
    assert runner.run.steps["load"].due is None
    assert runner.step() == ["load[1]/check"]
    assert runner.ends("load[1]/check") == ["report"]
    runner.ends("report")
    assert runner.run.state is RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        ("build", ["build"]),
        ("load", ["load[0]/pull", "load[1]/pull", "load[2]/pull"]),
        ("load[1]", ["load[1]/pull"]),
        ("load[1]/pull", ["load[1]/pull"]),
        ("load[1]/check", ["load[1]/check"]),
    ],
)
def test_a_run_is_repeated_from_a_step(path: str, begins: list[str]) -> None:
    runner = failed()
    runner.run, runner.now = rewound(runner.definition, runner.run, path, LATER), LATER
    assert runner.step() == begins


def test_what_a_cancelled_run_did_not_finish_runs_again() -> None:
    runner = Runner(SEQUENCE)
    runner.step()
    runner.ends("build")
    runner.ends("load[0]/pull")
    runner.run = cancelling(runner.run)
    runner.step()
    assert runner.run.state is RunState.CANCELLED
    runner.run = rewound(runner.definition, runner.run, "load[1]/pull", LATER)
    assert sorted(runner.step()) == ["load[0]/check", "load[1]/pull", "load[2]/pull"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("deploy", "The run has no step deploy."),
        ("report", "The run has no step report."),
        ("load[7]", "The run has no step load[7]."),
        ("load/pull", "load runs for each item: name one, such as load[0]/pull."),
        ("load.onFailure/clean", "Steps that run after a failure or a cancellation cannot be repeated by themselves."),
        ("", "Steps that run after a failure or a cancellation cannot be repeated by themselves."),
    ],
)
def test_a_step_that_cannot_be_repeated_is_named(path: str, words: str) -> None:
    runner = failed()
    with pytest.raises(UnknownStepError) as caught:
        rewound(runner.definition, runner.run, path, LATER)
    assert str(caught.value) == words


def test_a_run_without_failures_has_nothing_to_repeat() -> None:
    runner = Runner("steps: [{name: a, type: log, inputs: {message: Hi.}}]")
    runner.step()
    runner.ends("a", Outcome({}, None))
    assert runner.run.state is RunState.SUCCEEDED
    with pytest.raises(UnknownStepError, match=r"No step of the run has failed\."):
        rewound_to_failures(runner.definition, runner.run, LATER)
