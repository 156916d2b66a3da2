"""What happens next in a run: on random definitions as in a plain interpreter, and in examples."""

import os
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflows.checking import definition_problems
from app.workflows.definition import Definition
from app.workflows.progress import MAX_ITEMS, Advance, Start, advance
from app.workflows.rewinding import rewound_to_failures
from app.workflows.run import Outcome, Run, RunState, StepError, StepState, cancelling, with_outcome
from tests.workflows.plain import START, Plain, World, random_steps

DEFINITIONS = int(os.environ.get("WORKFLOW_DEFINITIONS", "200"))
FINISHED = (StepState.SUCCEEDED, StepState.FAILED)
FAILURE = Outcome(error=StepError("broken", "It broke.", "somewhere"))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=DEFINITIONS, deadline=None)
def test_random_definitions_run_as_in_a_plain_interpreter_and_a_restart_changes_nothing(seed: int) -> None:
    document = {
        "name": "random",
        "parameters": {"properties": {"no": {"type": "boolean", "default": False}}},
        "steps": random_steps(Random(seed), count()),
    }
    assert definition_problems(document) == []
    definition, world = Definition.of_json(document), World(seed)
    plain = Plain(world)
    state, _, end, _ = plain.group(definition.steps, "", START, is_parallel=False)
    run, now = driven(definition, world)
    found = {
        path: (step.state.value, step.started_at, step.ended_at, step.attempt * (step.state in FINISHED))
        for path, step in run.steps.items()
    }
    assert found == plain.rows
    assert (run.state.value, now) == (state, end)


def driven(definition: Definition, world: World, begun: Run | None = None) -> tuple[Run, datetime]:
    """Runs a definition by its steps until it ends, from the start or from a run that has begun."""
    run, now = begun or Run(), START
    ends = dict[tuple[str, int], tuple[datetime, bool]]()
    while True:
        step = advance(definition, run, now)
        run = step.run
        again = advance(definition, run, now)
        assert (again.starts, again.stops, again.run, again.next_at) == ((), (), run, step.next_at)
        for stop in step.stops:
            del ends[stop]
        for start in step.starts:
            attempt = world.attempt(start.path, start.attempt)
            ends[start.path, start.attempt] = (now + attempt.takes, attempt.succeeds)
        if run.state is not RunState.RUNNING:
            assert not ends
            return run, now
        now = min([moment for moment, _ in ends.values()] + ([step.next_at] if step.next_at else []))
        for (path, number), (moment, succeeds) in list(ends.items()):
            due = run.steps[path].due
            if moment == now and (due is None or now < due):
                del ends[path, number]
                run = with_outcome(run, path, number, Outcome({}) if succeeds else FAILURE)


class Runner:
    """Runs a definition that is given as YAML."""

    def __init__(self, text: str, **parameters: Any) -> None:
        document = {"name": "example", **yaml.safe_load(text)}
        assert definition_problems(document) == []
        self.definition = Definition.of_json(document)
        self.run, self.now = Run(parameters), START
        self.last = Advance(self.run)

    def step(self, *, after: timedelta = timedelta(0)) -> list[str]:
        """Lets time pass, and returns the paths of the attempts that begin."""
        self.now += after
        self.last = advance(self.definition, self.run, self.now)
        self.run = self.last.run
        return [start.path for start in self.last.starts]

    def ends(self, path: str, outcome: Outcome | None = None, **outputs: Any) -> list[str]:
        self.run = with_outcome(self.run, path, self.run.steps[path].attempt, outcome or Outcome(outputs))
        return self.step()

    def states(self) -> dict[str, str]:
        return {path: step.state.value for path, step in self.run.steps.items()}


BUILD = """
parameters:
  required: [image]
  properties: {image: {type: string}, regions: {type: array, items: {type: string}, default: [eu, us]}}
outputs: {digest: {value: "${{ steps.build.outputs.digest }}"}, loaded: {value: "${{ steps.load.outputs }}"}}
steps:
  - name: build
    type: http-request
    inputs: {url: "https://builds/${{ parameters.image }}"}
    outputs: {digest: "${{ result.body.digest }}"}
  - name: load
    forEach: {items: "${{ parameters.regions }}", as: region, limit: 1}
    type: http-request
    inputs: {url: "https://${{ region }}/${{ index }}", body: "${{ steps.build.outputs }}"}
    outputs: {status: "${{ result.status }}"}
"""


def test_outputs_of_steps_are_inputs_of_later_ones_and_outputs_of_the_run() -> None:
    runner = Runner(BUILD, image="shop")
    assert runner.step() == ["build"]
    assert runner.last.starts == (Start("build", 1, "http-request", {"url": "https://builds/shop"}),)
    assert runner.ends("build", status=200, headers={}, body={"digest": "sha256:1"}) == ["load[0]"]
    assert runner.last.starts[0].inputs == {"url": "https://eu/0", "body": {"digest": "sha256:1"}}
    assert runner.ends("load[0]", status=201) == ["load[1]"]
    assert runner.ends("load[1]", status=202) == []
    assert runner.run.state is RunState.SUCCEEDED
    assert runner.run.outputs == {"digest": "sha256:1", "loaded": [{"status": 201}, {"status": 202}]}


def test_an_output_that_does_not_exist_fails_the_step_and_the_run() -> None:
    runner = Runner(BUILD, image="shop")
    runner.step()
    assert runner.ends("build", status=200, headers={}, body={}) == []
    assert runner.run.state is RunState.FAILED
    assert runner.run.error == StepError("expression", 'outputs: Key not found in map : "digest"', "build")


def test_a_late_or_repeated_outcome_changes_nothing() -> None:
    runner = Runner("steps: [{name: a, type: log, inputs: {message: Hi.}, timeout: 1m, retry: {attempts: 2}}]")
    runner.step()
    first = runner.run
    assert runner.step(after=timedelta(minutes=1)) == []
    assert runner.last.stops == (("a", 1),)
    assert runner.run.steps["a"].state is StepState.RETRYING
    assert runner.last.next_at == START + timedelta(seconds=70)
    assert with_outcome(runner.run, "a", 1, Outcome({})) == runner.run
    assert runner.step(after=timedelta(seconds=10)) == ["a"]
    assert with_outcome(runner.run, "a", 1, Outcome({})) == runner.run
    assert with_outcome(first, "unknown", 1, Outcome({})) == first
    assert runner.ends("a") == []
    assert (runner.run.state, runner.run.steps["a"].attempt) == (RunState.SUCCEEDED, 2)


def test_a_step_is_repeated_only_for_errors_that_its_condition_allows() -> None:
    text = """steps: [{name: a, type: log, inputs: {message: Hi.},
      retry: {attempts: 5, onlyIf: "${{ error.code == 'broken' }}"}}]"""
    runner = Runner(text)
    runner.step()
    assert runner.ends("a", FAILURE) == []
    assert runner.states() == {"a": "RETRYING"}
    assert runner.step(after=timedelta(seconds=10)) == ["a"]
    other = Outcome(error=StepError("refused", "It was refused.", "a"))
    assert runner.ends("a", other) == []
    assert (runner.states(), runner.run.error) == ({"a": "FAILED"}, other.error)


def test_the_steps_of_a_failure_see_the_error_and_what_the_group_did() -> None:
    text = """
steps:
  - name: release
    sequence:
      - {name: shift, type: http-request, inputs: {url: "https://traffic"}}
      - {name: check, type: log, inputs: {message: Hi.}}
    onFailure:
      - name: back
        type: log
        inputs: {message: "${{ error.code }} ${{ string(steps.shift.outputs.status) }} ${{ steps.check.state }}"}
    continueOnError: true
  - {name: after, type: log, inputs: {message: "${{ steps.release.state }}"}}
"""
    runner = Runner(text)
    assert runner.step() == ["release/shift"]
    assert runner.ends("release/shift", status=200, headers={}, body=None) == ["release/check"]
    assert runner.ends("release/check", FAILURE) == ["release.onFailure/back"]
    assert runner.last.starts[0].inputs == {"message": "broken 200 FAILED"}
    assert runner.states()["release"] == "FAILING"
    assert runner.ends("release.onFailure/back") == ["after"]
    assert runner.last.starts[0].inputs == {"message": "FAILED"}
    assert runner.ends("after") == []
    assert runner.run.state is RunState.SUCCEEDED


def test_steps_after_a_skipped_one_run_and_see_null() -> None:
    text = """
parameters: {properties: {wanted: {type: boolean}}}
steps:
  - {name: a, type: http-request, inputs: {url: "https://a"}, if: "${{ parameters.wanted == true }}"}
  - {name: b, type: log, inputs: {message: "${{ steps.a.state + string(steps.a.outputs.status == null) }}"}}
"""
    runner = Runner(text)
    assert runner.step() == ["b"]
    assert runner.last.starts[0].inputs == {"message": "SKIPPEDtrue"}
    assert runner.states() == {"a": "SKIPPED", "b": "RUNNING"}


def test_a_run_that_is_cancelled_stops_its_attempts_and_begins_nothing() -> None:
    runner = Runner(BUILD, image="shop")
    runner.step()
    runner.run = cancelling(runner.run)
    assert runner.step() == []
    assert runner.last.stops == (("build", 1),)
    assert (runner.run.state, runner.states()) == (RunState.CANCELLED, {"build": "CANCELLED"})
    assert cancelling(runner.run) == runner.run
    assert runner.step() == []


ON_CANCEL = """
steps:
  - {name: shift, type: http-request, inputs: {url: "https://traffic"}}
  - {name: soak, type: sleep, inputs: {duration: 1h}}
onCancel:
  - {name: back, type: log, inputs: {message: "${{ steps.shift.state }} ${{ steps.soak.state }}"}}
  - {name: told, type: log, inputs: {message: "${{ steps.back.state }}"}}
"""


def test_the_steps_for_a_cancelled_run_follow_after_what_ran_was_stopped() -> None:
    runner = Runner(ON_CANCEL)
    runner.step()
    runner.ends("shift", status=200, headers={}, body=None)
    runner.run = cancelling(runner.run)
    assert runner.step() == [".onCancel/back"]
    assert runner.last.starts[0].inputs == {"message": "SUCCEEDED CANCELLED"}
    assert (runner.run.state, runner.states()["soak"]) == (RunState.RUNNING, "CANCELLED")
    assert runner.ends(".onCancel/back") == [".onCancel/told"]
    assert runner.ends(".onCancel/told") == []
    assert (runner.run.state, runner.run.error) == (RunState.CANCELLED, None)


def test_a_run_is_cancelled_although_the_steps_for_that_fail_and_repeats_without_them() -> None:
    runner = Runner(ON_CANCEL)
    runner.step()
    runner.run = cancelling(runner.run)
    runner.step()
    assert runner.ends(".onCancel/back", FAILURE) == []
    assert (runner.run.state, runner.run.error) == (RunState.CANCELLED, FAILURE.error)
    again = rewound_to_failures(runner.definition, runner.run, runner.now)
    assert list(again.steps) == []


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ("parameters.many", "too_many_items"),
        ("[1].map(i, i / parameters.zero)", "expression"),
        ("parameters.text", "too_many_items"),
    ],
)
def test_items_that_are_no_list_or_too_many_fail_the_step(items: str, code: str) -> None:
    text = f"""
parameters: {{properties: {{many: {{}}, zero: {{type: integer, default: 0}}, text: {{default: a}}}}}}
steps: [{{name: a, type: log, inputs: {{message: Hi.}}, forEach: {{items: "${{{{ {items} }}}}"}}}}]
"""
    runner = Runner(text, many=list(range(MAX_ITEMS + 1)))
    assert runner.step() == []
    assert runner.run.error is not None
    assert (runner.run.state, runner.run.error.code) == (RunState.FAILED, code)


def test_a_run_has_a_bounded_number_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.workflows.progress.MAX_STEP_RUNS", 5)
    text = "steps: [{name: a, type: log, inputs: {message: Hi.}, forEach: {items: [1, 2, 3, 4, 5, 6], limit: 9}}]"
    runner = Runner(text)
    assert len(runner.step()) == 4
    for index in range(4):
        runner.ends(f"a[{index}]")
    assert runner.run.error is not None
    assert (runner.run.state, runner.run.error.code) == (RunState.FAILED, "too_many_steps")


def test_an_integer_that_is_written_as_3_0_is_an_integer_in_expressions() -> None:
    text = """
parameters:
  properties:
    count: {type: integer}
    more: {type: integer, default: 2.0}
    sizes: {type: array, items: {type: [integer, "null"]}}
    ratio: {type: number}
steps:
  - name: a
    type: log
    inputs:
      message: "${{ parameters.count + parameters.more + parameters.sizes[0] }}, ${{ parameters.ratio * 0.5 }}"
"""
    runner = Runner(text, count=3.0, sizes=[4.0, None], ratio=3.0)
    assert runner.step() == ["a"]
    assert runner.last.starts[0].inputs == {"message": "9, 1.5"}
