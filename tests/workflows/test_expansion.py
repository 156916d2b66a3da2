"""Step definitions in the check, and in runs."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from app.workflows.checking import definition_problems
from app.workflows.definition import Definition
from app.workflows.expansion import MAX_NESTED, MAX_STEPS, ExpansionError, expanded, own_types
from app.workflows.progress import advance
from app.workflows.rewinding import rewound_to_failures
from app.workflows.run import Outcome, Run, RunState, StepError, StepState, with_outcome

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BUILD = yaml.safe_load("""
name: build-image
parameters:
  required: [image]
  properties: {image: {type: string}, tag: {type: string, default: latest}}
outputs:
  reference: {value: "${{ parameters.image + ':' + steps.ask.outputs.payload.tag }}", schema: {type: string}}
steps:
  - {name: begin, type: log, inputs: {message: "Building ${{ parameters.image }}:${{ parameters.tag }}"}}
  - {name: ask, type: signal, inputs: {signal: built}}
""")
RELEASE = yaml.safe_load("""
name: release
parameters: {required: [images], properties: {images: {type: array, items: {type: string}}}}
outputs: {all: {value: "${{ steps.build.outputs }}"}}
steps:
  - {name: begin, type: log, inputs: {message: Beginning.}}
  - name: build
    type: build-image
    forEach: {items: "${{ parameters.images }}", as: image}
    inputs: {image: "${{ image }}"}
  - {name: ask, type: log, inputs: {message: "Built ${{ steps.build.outputs[0].reference }}"}}
""")
KNOWN = {"build-image": BUILD}


def changed(**step: Any) -> Any:
    document = yaml.safe_load(yaml.safe_dump(RELEASE))
    document["steps"][1] |= step
    return document


def test_a_step_definition_is_checked_as_a_step_type() -> None:
    assert own_types(RELEASE) == {"build-image"}
    assert definition_problems(BUILD) == []
    assert definition_problems(RELEASE, KNOWN) == []
    for document, path, message in (
        (changed(inputs={}), "inputs", '"image" is a required property.'),
        (changed(inputs={"image": "a", "tags": "b"}), "inputs", "Additional properties are not allowed"),
        (changed(inputs={"image": "${{ index }}"}), "inputs.image", "Expected a string, got a whole number."),
        (changed(retry={"attempts": 2}), "retry", "build-image is a step definition, and its own steps have `retry`."),
        (changed(type="build"), "type", "There is no step type 'build'; the types are: "),
    ):
        found, text = definition_problems(document, KNOWN)[0]
        assert ".".join(found) == f"steps.1.{path}"
        assert text.startswith(message)
    document = changed()
    document["steps"][2]["inputs"]["message"] = "${{ steps.build.outputs[0].digest }}"
    ((_, text),) = definition_problems(document, KNOWN)
    assert text.endswith("steps.build.outputs[…] has no such field; its fields are: reference.")


def test_a_definition_sees_neither_the_steps_of_a_step_definition_nor_these_its_own() -> None:
    document = changed()
    document["steps"][2]["inputs"]["message"] = "${{ steps.begin.state }} ${{ steps.build.outputs[0].reference }}"
    run = Run({"images": ["web"]})
    found = advance(Definition.of_json(expanded(document, KNOWN)), run, NOW).run
    found = ended(document, found, "begin", {})
    assert found.steps["build[0]/begin"].inputs == {"message": "Building web:latest"}
    assert found.steps["build[0]"].inputs == {"image": "web"}
    found = ended(document, found, "build[0]/begin", {})
    found = ended(document, found, "build[0]/ask", {"payload": {"tag": "v1"}})
    assert found.steps["build[0]"].outputs == {"reference": "web:v1"}
    assert found.steps["ask"].inputs == {"message": "SUCCEEDED web:v1"}
    found = ended(document, found, "ask", {})
    assert (found.state, found.outputs) == (RunState.SUCCEEDED, {"all": [{"reference": "web:v1"}]})


def ended(document: Mapping[str, Any], run: Run, path: str, outputs: dict[str, Any] | None) -> Run:
    """The run after an attempt has ended; it has failed without outputs."""
    outcome = Outcome(outputs) if outputs is not None else Outcome(error=StepError("broken", "It broke.", path))
    run = with_outcome(run, path, run.steps[path].attempt, outcome)
    return advance(Definition.of_json(expanded(document, KNOWN)), run, NOW + timedelta(seconds=1)).run


def test_a_failure_in_a_step_definition_is_repeated_there_with_the_same_inputs() -> None:
    definition = Definition.of_json(expanded(RELEASE, KNOWN))
    run = ended(RELEASE, advance(definition, Run({"images": ["web"]}), NOW).run, "begin", {})
    run = ended(RELEASE, ended(RELEASE, run, "build[0]/begin", {}), "build[0]/ask", None)
    assert (run.state, run.error and run.error.path) == (RunState.FAILED, "build[0]/ask")
    again = advance(definition, rewound_to_failures(definition, run, NOW), NOW)
    assert again.run.steps["build[0]/begin"] == run.steps["build[0]/begin"]
    assert again.run.steps["build[0]"].inputs == {"image": "web"}
    run = ended(RELEASE, again.run, "build[0]/ask", {"payload": {"tag": "v2"}})
    assert run.steps["build[0]"].outputs == {"reference": "web:v2"}


def test_inputs_that_do_not_fit_at_run_time_fail_the_step_and_none_of_its_steps_begins() -> None:
    build = yaml.safe_load(yaml.safe_dump(BUILD))
    build["parameters"]["properties"]["image"]["minLength"] = 5
    definition = Definition.of_json(expanded(RELEASE, {"build-image": build}))
    run = advance(definition, Run({"images": ["web"]}), NOW).run
    run = advance(definition, with_outcome(run, "begin", 1, Outcome({})), NOW).run
    assert run.steps["build"].state is StepState.FAILED
    assert run.error == StepError("invalid_inputs", 'image: "web" is shorter than 5 characters.', "build[0]")
    assert "build[0]/begin" not in run.steps


def nested(count: int) -> dict[str, Any]:
    """Step definitions that contain each other in a row."""
    found = {}
    for number in range(count):
        step = {"name": "a", "type": f"s{number + 1}"} if number + 1 < count else {"name": "a", "type": "log"}
        found[f"s{number}"] = {"name": f"s{number}", "steps": [step]}
    return found


def test_step_definitions_are_nested_up_to_a_depth_and_not_in_circles() -> None:
    document = {"name": "s0", "steps": [{"name": "a", "type": "s0"}]}
    assert expanded(document, nested(MAX_NESTED))["steps"][0]["composed"]["type"] == "s0"
    with pytest.raises(ExpansionError, match=f"at most {MAX_NESTED} deep"):
        expanded(document, nested(MAX_NESTED + 1))
    circle = {"s1": {"name": "s1", "steps": [{"name": "b", "type": "s0"}]}}
    with pytest.raises(ExpansionError, match="contain each other: s0 > s1 > s0") as caught:
        expanded({"name": "s0", "steps": [{"name": "a", "type": "s1"}]}, circle | {"s0": {}}, step_type="s0")
    assert caught.value.path == ("steps", "0", "type")


def test_an_expanded_definition_has_a_limit() -> None:
    many = {"many": {"name": "many", "steps": [{"name": f"s{number}", "type": "log"} for number in range(200)]}}
    steps = [{"name": f"s{number}", "type": "many"} for number in range(5)]
    with pytest.raises(ExpansionError, match=f"more than {MAX_STEPS:,} steps"):
        expanded({"name": "a", "steps": steps}, many)
    doubling = {}
    for number in range(MAX_NESTED):
        inner = f"d{number + 1}" if number + 1 < MAX_NESTED else "log"
        doubling[f"d{number}"] = {
            "name": f"d{number}",
            "steps": [{"name": f"s{each}", "type": inner} for each in range(100)],
        }
    with pytest.raises(ExpansionError, match=f"more than {MAX_STEPS:,} steps"):
        expanded({"name": "a", "steps": [{"name": "a", "type": "d0"}]}, doubling)
    big = {"big": {"name": "big", "steps": [{"name": "a", "type": "log", "inputs": {"message": "a" * 200_000}}]}}
    with pytest.raises(ExpansionError, match="more than 1,024 KiB"):
        expanded({"name": "a", "steps": [{"name": f"s{number}", "type": "big"} for number in range(10)]}, big)
