"""Workflow definitions as stored: checked, saved as revisions, listed and deleted."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import inspect
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation import saving
from app.automation.lists import REVISIONS
from app.core.paging import Window
from app.definitions import revisions
from app.definitions.reading import MAX_TEXT
from app.sandbox import pool
from app.tables.workflows import WorkflowDefinition
from app.workflows.step_types import STEP_TYPES
from schema.loading import one
from schema.workflows import loaders
from tests.pools import crash, fill
from tests.stack import SIMPLE_RESULT, Stack, eventually, waiting_for_locks

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
FIELDS = f"... on WorkflowPayload {{ workflow {{ id name description revision }} }} {SIMPLE_RESULT}"
PROBLEMS = "... on ValidationFailed { problems { path message } }"
GREET = {"name": "greet", "type": "log", "inputs": {"message": "Hello."}}
HELLO = """name: hello
description: Greets.
steps:
  - {name: greet, type: log, inputs: {message: Hello.}}  # a comment is kept
"""


async def save(stack: Stack, definition: str, fields: str = FIELDS, **given: Any) -> Any:
    return await stack.mutate("saveWorkflow", fields, definition=definition, **given)


async def test_a_workflow_is_saved_as_revisions_listed_and_deleted(quiet: Stack) -> None:
    made = (await save(quiet, HELLO, revision=0))["workflow"]
    assert made | {"id": ""} == {"id": "", "name": "hello", "description": "Greets.", "revision": 1}
    assert (await save(quiet, HELLO))["workflow"]["revision"] == 1
    changed = HELLO.replace("description: Greets.\n", "")
    assert (await save(quiet, changed, revision=1))["workflow"] == made | {"description": None, "revision": 2}
    refused = await save(quiet, HELLO, revision=1)
    assert (refused["code"], refused["path"]) == ("workflow_changed", ["revision"])
    await save(quiet, json.dumps({"name": "another", "steps": [GREET]}))
    query = """{
      workflows { nodes { name current { number definition author } } }
      workflow(name: "hello") { revisions { nodes { number definition } } }
    }"""
    found = await quiet.data(query)
    assert [node["name"] for node in found["workflows"]["nodes"]] == ["another", "hello"]
    assert found["workflows"]["nodes"][1]["current"] == {"number": 2, "definition": changed, "author": "admin"}
    assert found["workflow"]["revisions"]["nodes"] == [
        {"number": 2, "definition": changed},
        {"number": 1, "definition": HELLO},
    ]
    deleted = "... on DeleteWorkflowPayload { id } ... on UserError { code }"
    assert await quiet.mutate("deleteWorkflow", deleted, id=made["id"]) == {"id": made["id"]}
    assert (await quiet.mutate("deleteWorkflow", deleted, id=made["id"]))["code"] == "workflow_not_found"
    assert (await quiet.data('{ workflow(name: "hello") { id } }'))["workflow"] is None
    events = (await quiet.data('{ events(kinds: ["workflow"]) { nodes { kind message } } }'))["events"]["nodes"]
    assert [event["message"] for event in events] == [
        "The workflow hello was deleted.",
        "Revision 1 of the workflow another was saved.",
        "Revision 2 of the workflow hello was saved.",
        "Revision 1 of the workflow hello was saved.",
    ]


async def test_a_workflow_that_is_deleted_while_it_is_saved_is_saved_before(
    quiet: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await save(quiet, HELLO))["workflow"]
    text_of, deleting = revisions.Revisions._text, list[asyncio.Task[Any]]()

    async def deleted_meanwhile(own: Any, session: AsyncSession, row: WorkflowDefinition) -> str:
        deleted = quiet.mutate("deleteWorkflow", "... on DeleteWorkflowPayload { id }", id=made["id"])
        deleting.append(asyncio.create_task(deleted))

        async def is_waiting_or_done() -> bool:
            return deleting[0].done() or await waiting_for_locks(quiet) > 0

        await eventually(is_waiting_or_done)
        return await text_of(own, session, row)

    monkeypatch.setattr(revisions.Revisions, "_text", deleted_meanwhile)
    assert (await save(quiet, HELLO.replace("Hello.", "Hi.")))["workflow"]["revision"] == 2
    assert await deleting[0] == {"id": made["id"]}
    assert (await quiet.data('{ workflow(name: "hello") { id } }'))["workflow"] is None


async def test_the_newest_revisions_are_kept(quiet: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "KEPT_REVISIONS", 2)
    for message in ("a", "b", "c"):
        await save(quiet, HELLO.replace("Hello.", message))
    found = await quiet.data('{ workflow(name: "hello") { revision revisions { nodes { number } } } }')
    assert found["workflow"] == {"revision": 3, "revisions": {"nodes": [{"number": 3}, {"number": 2}]}}


async def test_the_number_of_workflows_is_bounded(quiet: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "_WORKFLOWS", replace(saving._WORKFLOWS, revisions=replace(REVISIONS, most=1)))
    await save(quiet, HELLO)
    assert (await save(quiet, HELLO.replace("Hello.", "Hi.")))["workflow"]["revision"] == 2
    refused = await save(quiet, HELLO.replace("name: hello", "name: other"))
    assert (refused["code"], refused["message"]) == ("invalid_input", "An organization has at most 1 workflows.")


async def test_every_problem_of_a_definition_has_its_place(shared: Stack) -> None:
    wrong = """name: wrong
steps:
  - {name: a, type: log, inputs: {message: "${{ parameters.text }}"}}
  - {name: b, type: unknown}
"""
    answer = await save(shared, wrong, PROBLEMS)
    assert answer["problems"] == [
        {
            "path": ["definition", "steps", "0", "inputs", "message"],
            "message": "The expression is not valid: line 1, column 11: parameters has no such field; its fields are:"
            " none.",
        },
        {
            "path": ["definition", "steps", "1", "type"],
            "message": f"There is no step type 'unknown'; the types are: {', '.join(sorted(STEP_TYPES))}.",
        },
    ]
    assert (await shared.data('{ workflow(name: "wrong") { id } }'))["workflow"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [", "The definition is not valid YAML: line 2, column 1: "),
        ("a: &a [1]\nb: *a", "The definition is not valid YAML: line 2, column 4: it has an alias."),
        ("{}\n---\n{}", "The definition is not valid YAML: line 1, column 1: it has more than one document."),
        ("", 'Null is not of type "object".'),
        ("a: .nan", "The definition is not valid YAML: line 1, column 4: "),
        ("#" + "a" * MAX_TEXT, "A definition has at most 256 KiB."),
        ("[" * 100, "The definition is not valid YAML: "),
    ],
)
async def test_a_text_that_is_no_definition_is_refused(shared: Stack, text: str, message: str) -> None:
    answer = await save(shared, text)
    assert answer["code"] == "invalid_input"
    assert answer["message"].startswith(message), answer


async def test_a_description_that_cannot_be_stored_is_refused(shared: Stack) -> None:
    text = 'name: one\ndescription: "a\\0b"\nsteps: [{name: a, type: log, inputs: {message: a}}]\n'
    answer = await save(shared, text)
    assert [problem["path"] for problem in answer["problems"]] == [["definition", "description"]]


async def test_a_definition_whose_check_is_too_expensive_is_refused(
    new_stack: NewStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_SLOWDOWN", 1000)
    last = {"type": "string"}
    schemas = {f"s{level}": {"allOf": [{"$ref": f"#/$defs/s{level + 1}"}] * 2} for level in range(32)} | {"s32": last}
    output = {"value": 5, "schema": {"$ref": "#/$defs/s0", "$defs": schemas}}
    async with new_stack(working=False, schema_cpu_seconds=0.5) as stack:
        answer = await save(stack, json.dumps({"name": "slow", "outputs": {"a": output}, "steps": [GREET]}))
        assert (answer["code"], answer["path"]) == ("workflow_too_expensive", ["definition"])
        assert (await save(stack, HELLO))["workflow"]["revision"] == 1


async def test_too_many_checks_of_an_organization_are_refused(shared: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(monkeypatch, "workflows")
    assert (await save(shared, HELLO))["code"] == "busy"


async def test_a_check_that_crashes_is_an_internal_error(shared: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    crash(monkeypatch, "workflows")
    query = "mutation ($input: SaveWorkflowInput!) { saveWorkflow(input: $input) { __typename } }"
    [error] = (await shared.ask(query, input={"definition": HELLO}))["errors"]
    assert error["extensions"]["code"] == "internal"


async def test_a_mistake_in_a_definition_is_a_problem_and_not_a_crash(shared: Stack) -> None:
    """Each of these once made the check crash."""
    schemas = {"properties": {"size": {"type": "lots", "default": 1}}}
    for document, place in (
        ({"steps": [GREET | {"if": "${{ 1"}]}, ["steps", "0", "if"]),
        ({"parameters": schemas, "steps": [GREET]}, ["parameters", "properties", "size", "type"]),
    ):
        answer = await save(shared, json.dumps({"name": "wrong", **document}), PROBLEMS)
        assert [problem["path"] for problem in answer["problems"]] == [["definition", *place]]


async def test_lists_of_revisions_do_not_read_the_texts(quiet: Stack) -> None:
    await save(quiet, HELLO)
    async with quiet.services.database.reading() as session:
        definition = (await session.exec(select(WorkflowDefinition))).one()
        current = (await REVISIONS.current(session, [definition.id]))[definition.id]
        numbered = await REVISIONS.by_number(session, [(definition.id, 1)])
    listed = (await REVISIONS.page(quiet.services, definition.id, Window())).rows
    for row in (current, *numbered.values(), *listed):
        assert inspect(row).unloaded == {"text"}


async def test_a_revision_is_found_by_its_number(quiet: Stack) -> None:
    await save(quiet, HELLO)
    await save(quiet, HELLO.replace("Hello.", "Hi."))
    query = """{ workflow(name: "hello") {
      first: revisionByNumber(number: 1) { number definition author }
      third: revisionByNumber(number: 3) { number }
    } }"""
    found = (await quiet.data(query))["workflow"]
    assert found == {"first": {"number": 1, "definition": HELLO, "author": "admin"}, "third": None}


async def test_the_text_of_a_revision_that_was_deleted_meanwhile_is_an_error(
    quiet: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(quiet, HELLO)

    async def none(session: AsyncSession, ids: Sequence[int]) -> dict[int, str]:
        return {}

    monkeypatch.setattr(loaders, "revision_text", one(none))
    answer = await quiet.ask('{ workflow(name: "hello") { current { number definition } } }')
    assert answer["data"] == {"workflow": {"current": None}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["workflow_not_found"]


async def test_the_language_and_the_step_types_are_published(shared: Stack) -> None:
    found = await shared.data("{ workflowLanguage workflowStepTypes { name inputs outputs example } }")
    assert found["workflowLanguage"]["required"] == ["name", "steps"]
    assert [each["name"] for each in found["workflowStepTypes"]] == sorted(STEP_TYPES)
    (log,) = [each for each in found["workflowStepTypes"] if each["name"] == "log"]
    assert log["inputs"]["required"] == ["message"]
