"""Step definitions as stored, and in runs of workflows."""

from typing import Any

from tests.automation.test_runs import ended, save, start, started
from tests.stack import SIMPLE_RESULT, Stack

FIELDS = f"... on StepDefinitionPayload {{ stepDefinition {{ id name description revision }} }} {SIMPLE_RESULT}"
GREET = """name: greet
description: Greets one user.
parameters: {required: [who], properties: {who: {type: string}, word: {type: string, default: Hello}}}
outputs: {text: {value: "${{ parameters.word + ', ' + parameters.who }}", schema: {type: string}}}
steps:
  - {name: say, type: log, inputs: {message: "${{ parameters.word }}, ${{ parameters.who }}."}}
"""
ALL = """name: greet-all
parameters: {required: [names], properties: {names: {type: array, items: {type: string}}}}
outputs: {texts: {value: "${{ steps.each.outputs }}"}}
steps:
  - name: each
    type: greet
    forEach: {items: "${{ parameters.names }}", as: who}
    inputs: {who: "${{ who }}"}
"""


async def save_step(stack: Stack, text: str, **given: Any) -> Any:
    return await stack.mutate("saveStepDefinition", FIELDS, definition=text, **given)


async def test_a_step_definition_is_saved_as_revisions_listed_and_deleted(quiet: Stack) -> None:
    made = (await save_step(quiet, GREET, revision=0))["stepDefinition"]
    assert made | {"id": ""} == {"id": "", "name": "greet", "description": "Greets one user.", "revision": 1}
    changed = GREET.replace("Greets one user.", "Greets.")
    assert (await save_step(quiet, changed, revision=1))["stepDefinition"]["revision"] == 2
    refused = await save_step(quiet, GREET, revision=1)
    assert (refused["code"], refused["path"]) == ("workflow_changed", ["revision"])
    query = """{
      stepDefinitions { nodes { name current { number definition author } } }
      stepDefinition(name: "greet") { revisionByNumber(number: 1) { definition } revisions { nodes { number } } }
    }"""
    found = await quiet.data(query)
    assert found["stepDefinitions"]["nodes"] == [
        {"name": "greet", "current": {"number": 2, "definition": changed, "author": "admin"}}
    ]
    assert found["stepDefinition"] == {
        "revisionByNumber": {"definition": GREET},
        "revisions": {"nodes": [{"number": 2}, {"number": 1}]},
    }
    deleted = await quiet.mutate("deleteStepDefinition", "... on DeleteStepDefinitionPayload { id }", id=made["id"])
    assert deleted == {"id": made["id"]}
    assert (await quiet.data(query))["stepDefinition"] is None


async def test_what_a_definition_is_refused_for_has_its_place(quiet: Stack) -> None:
    built_in = await save_step(quiet, GREET.replace("name: greet", "name: log", 1))
    assert built_in["problems"] == [
        {"path": ["definition", "name"], "message": "log is a built-in step type. Choose another name."}
    ]
    cancels = await save_step(quiet, GREET + "onCancel:\n  - {name: bye, type: log, inputs: {message: Bye.}}\n")
    assert cancels["problems"][0]["path"] == ["definition", "onCancel"]
    itself = await save_step(quiet, GREET.replace("type: log", "type: greet"))
    assert itself["problems"][0]["path"] == ["definition", "steps", "0", "type"]
    assert (await save_step(quiet, GREET))["stepDefinition"]["revision"] == 1
    other = "name: other\nsteps:\n  - {name: a, type: greet, inputs: {who: Ada}}\n"
    assert (await save_step(quiet, other))["stepDefinition"]["revision"] == 1
    circle = await save_step(quiet, GREET + "  - {name: again, type: other}\n")
    assert circle["problems"] == [
        {
            "path": ["definition", "steps", "1", "type"],
            "message": "Step definitions contain each other: greet > other > greet.",
        }
    ]


async def test_a_run_has_each_step_of_a_step_definition_and_keeps_them(stack: Stack) -> None:
    await save_step(stack, GREET)
    run = await started(stack, ALL, "greet-all", {"names": ["Ada", "Bo"]})
    found = await ended(stack, run)
    assert (found["state"], found["outputs"]) == (
        "SUCCEEDED",
        {"texts": [{"text": "Hello, Ada"}, {"text": "Hello, Bo"}]},
    )
    assert [(step["path"], step["type"]) for step in found["steps"]["nodes"]] == [
        ("each", None),
        ("each[0]", "greet"),
        ("each[0]/say", "log"),
        ("each[1]", "greet"),
        ("each[1]/say", "log"),
    ]
    assert sorted(line["message"] for line in found["logs"]["nodes"]) == ["Hello, Ada.", "Hello, Bo."]


async def test_a_step_definition_that_is_used_is_not_deleted_and_one_that_no_longer_fits_stops_starts(
    quiet: Stack,
) -> None:
    step = (await save_step(quiet, GREET))["stepDefinition"]
    await save(quiet, ALL)
    refused = await quiet.mutate("deleteStepDefinition", "__typename", id=step["id"])
    assert (refused["code"], refused["message"]) == (
        "step_definition_used",
        "greet is a step type of greet-all. Change these first.",
    )
    assert (await save_step(quiet, GREET.replace("who", "whom")))["stepDefinition"]["revision"] == 2
    answer = await start(quiet, "greet-all", {"names": ["Ada"]})
    assert [problem["path"] for problem in answer["problems"]] == [
        ["definition", "steps", "0", "inputs"],
        ["definition", "steps", "0", "inputs", "who"],
    ]
