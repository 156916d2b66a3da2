"""Services: definitions that are stored, those that ship with Polyhelm, and the routes between versions."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlmodel import select

from app.catalog import saving
from app.catalog.lists import REVISIONS
from app.catalog.shipped import shipped
from app.core.paging import Window
from app.definitions import revisions
from app.definitions.reading import MAX_TEXT
from app.sandbox import pool
from app.tables.services import ServiceDefinition
from tests.pools import crash, fill
from tests.stack import SIMPLE_RESULT, Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
FIELDS = f"""... on ServicePayload {{ service {{
  name description isShipped stored {{ id revision }} warnings {{ version from to message }}
}} }} {SIMPLE_RESULT}"""
PROBLEMS = "... on ValidationFailed { problems { path message } }"
DNS = """name: dns  # a comment is kept
description: Names.
chart: {repository: "https://charts.example.com", name: dns}
spec: {properties: {replicas: {type: integer, default: 1}}}
values: {replicaCount: "${{ spec.replicas }}"}
versions:
  - {version: 1.9.0}
  - {version: 1.10.0}
  - {version: 1.11.0}
edges:
  - {from: 1.9.x, to: 1.10.0, disruptive: true}
  - {from: 1.10.x, to: 1.11.0, irreversible: true}
"""
ROUTES = """query ($name: String!, $from: String!, $to: String) { service(name: $name) { routes(from: $from, to: $to) {
  target disruptive irreversibleAfter hops { from to edge { from to } } blockedBy { kind message versions }
} } }"""


async def save(stack: Stack, definition: str, fields: str = FIELDS, **given: Any) -> Any:
    return await stack.mutate("saveServiceDefinition", fields, definition=definition, **given)


async def test_a_service_is_saved_as_revisions_listed_and_deleted(quiet: Stack) -> None:
    made = (await save(quiet, DNS, revision=0))["service"]
    assert (made["name"], made["description"], made["isShipped"], made["warnings"]) == ("dns", "Names.", False, [])
    assert (await save(quiet, DNS))["service"]["stored"]["revision"] == 1
    changed = DNS.replace("description: Names.\n", "")
    assert (await save(quiet, changed, revision=1))["service"]["stored"]["revision"] == 2
    refused = await save(quiet, DNS, revision=1)
    assert (refused["code"], refused["path"]) == ("service_changed", ["revision"])
    query = """{ service(name: "dns") {
      description definition spec
      versions { version values state chart { repository name version digest } requires { kubernetes crds } }
      edges { from to direction before disruptive irreversible }
      stored {
        current { number author }
        revisions { nodes { number definition } }
        revisionByNumber(number: 1) { definition }
      }
    } }"""
    found = (await quiet.data(query))["service"]
    assert (found["description"], found["definition"]) == (None, changed)
    assert found["spec"] == {"properties": {"replicas": {"type": "integer", "default": 1}}}
    assert [one["version"] for one in found["versions"]] == ["1.11.0", "1.10.0", "1.9.0"]
    assert found["versions"][0] == {
        "version": "1.11.0",
        "values": {"replicaCount": "${{ spec.replicas }}"},
        "state": "OFFERED",
        "chart": {"repository": "https://charts.example.com", "name": "dns", "version": "1.11.0", "digest": None},
        "requires": {"kubernetes": None, "crds": []},
    }
    edge = {"direction": "UP", "before": []}
    assert found["edges"] == [
        {"from": "1.9.x", "to": "1.10.0", "disruptive": True, "irreversible": False} | edge,
        {"from": "1.10.x", "to": "1.11.0", "disruptive": False, "irreversible": True} | edge,
    ]
    assert found["stored"]["current"] == {"number": 2, "author": "admin"}
    revisions = [{"number": 2, "definition": changed}, {"number": 1, "definition": DNS}]
    assert found["stored"]["revisions"]["nodes"] == revisions
    assert found["stored"]["revisionByNumber"] == {"definition": DNS}
    names = [one["name"] for one in (await quiet.data("{ services { name } }"))["services"]]
    assert names == sorted(["dns", *shipped()])
    deleted = "... on DeleteServiceDefinitionPayload { id } ... on UserError { code }"
    given = {"id": made["stored"]["id"]}
    assert await quiet.mutate("deleteServiceDefinition", deleted, **given) == given
    assert (await quiet.mutate("deleteServiceDefinition", deleted, **given))["code"] == "service_not_found"
    assert (await quiet.data('{ service(name: "dns") { name } }'))["service"] is None
    events = (await quiet.data('{ events(kinds: ["service"]) { nodes { message } } }'))["events"]["nodes"]
    assert [event["message"] for event in events] == [
        "The service dns was deleted.",
        "Revision 2 of the service dns was saved.",
        "Revision 1 of the service dns was saved.",
    ]


async def test_routes_lead_to_every_version_or_say_what_blocks_them(quiet: Stack) -> None:
    await save(quiet, DNS)
    first = {"from": "1.9.0", "to": "1.10.0", "edge": {"from": "1.9.x", "to": "1.10.0"}}
    second = {"from": "1.10.0", "to": "1.11.0", "edge": {"from": "1.10.x", "to": "1.11.0"}}
    found = await quiet.data(ROUTES, name="dns", **{"from": "v1.9"})
    assert found["service"]["routes"] == [
        {"target": "1.11.0", "disruptive": True, "irreversibleAfter": 1, "hops": [first, second], "blockedBy": []},
        {"target": "1.10.0", "disruptive": True, "irreversibleAfter": None, "hops": [first], "blockedBy": []},
    ]
    (single,) = (await quiet.data(ROUTES, name="dns", **{"from": "1.10.0", "to": "1.11.0"}))["service"]["routes"]
    assert single["hops"] == [second]
    (blocked,) = (await quiet.data(ROUTES, name="dns", **{"from": "1.11.0", "to": "1.9.0"}))["service"]["routes"]
    message = "The edges do not lead from 1.11.0 to 1.9.0: an edge from 1.11.0 to 1.9.0 is missing."
    assert blocked["blockedBy"] == [{"kind": "NO_EDGE", "message": message, "versions": ["1.11.0", "1.9.0"]}]
    assert blocked["hops"] == []


async def test_versions_that_are_stranded_are_warnings(quiet: Stack) -> None:
    withdrawn = DNS.replace("{version: 1.10.0}", "{version: 1.10.0, state: WITHDRAWN}")
    assert (await save(quiet, withdrawn))["service"]["warnings"] == [
        {
            "version": "1.9.0",
            "from": "1.9.0",
            "to": "1.11.0",
            "message": "No route leads from 1.9.0 to 1.11.0, the newest version. An edge from 1.9.0 to 1.11.0 would"
            " close the gap.",
        }
    ]


async def test_a_shipped_definition_is_replaced_and_applies_again(quiet: Stack) -> None:
    query = """{ service(name: "cert-manager") { isShipped description definition stored { id } } }"""
    ready = (await quiet.data(query))["service"]
    assert (ready["isShipped"], ready["stored"]) == (True, None)
    assert ready["definition"] == shipped()["cert-manager"].text
    own = DNS.replace("name: dns  #", "name: cert-manager  #")
    saved = (await save(quiet, own, revision=0))["service"]
    assert (saved["isShipped"], saved["stored"]["revision"]) == (True, 1)
    replaced = (await quiet.data(query))["service"]
    assert (replaced["description"], replaced["definition"]) == ("Names.", own)
    services = (await quiet.data("{ services { name stored { revision } } }"))["services"]
    assert [one for one in services if one["stored"]] == [{"name": "cert-manager", "stored": {"revision": 1}}]
    await quiet.mutate("deleteServiceDefinition", "__typename", id=saved["stored"]["id"])
    assert (await quiet.data(query))["service"] == ready


async def test_the_newest_revisions_are_kept(quiet: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "KEPT_REVISIONS", 2)
    for words in ("One.", "Two.", "Three."):
        await save(quiet, DNS.replace("Names.", words))
    found = await quiet.data('{ service(name: "dns") { stored { revision revisions { nodes { number } } } } }')
    assert found["service"]["stored"] == {"revision": 3, "revisions": {"nodes": [{"number": 3}, {"number": 2}]}}


async def test_the_number_of_services_is_bounded(quiet: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "REVISIONS", replace(REVISIONS, most=1))
    await save(quiet, DNS)
    assert (await save(quiet, DNS.replace("Names.", "Words.")))["service"]["stored"]["revision"] == 2
    refused = await save(quiet, DNS.replace("name: dns  #", "name: other  #"))
    assert (refused["code"], refused["message"]) == ("invalid_input", "An organization has at most 1 services.")


async def test_every_problem_of_a_definition_has_its_place(shared: Stack) -> None:
    wrong = DNS.replace("spec.replicas", "spec.count").replace("to: 1.11.0", "to: 1.11.0, after: [{name: a, type: b}]")
    answer = await save(shared, wrong.replace("name: dns", "name: wrong"), PROBLEMS)
    assert [problem["path"] for problem in answer["problems"]] == [["definition", "values", "replicaCount"]]
    wrong = DNS.replace("to: 1.11.0", "to: 1.11.0, after: [{name: a, type: b}]")
    answer = await save(shared, wrong.replace("name: dns", "name: wrong"), PROBLEMS)
    assert [problem["path"] for problem in answer["problems"]] == [["definition", "edges", "1", "after", "0", "type"]]
    assert (await shared.data('{ service(name: "wrong") { name } }'))["service"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("name: [", "The definition is not valid YAML: line 2, column 1: "),
        ("a: &a [1]\nb: *a", "The definition is not valid YAML: line 2, column 4: it has an alias."),
        ("", 'Null is not of type "object".'),
        ("a: \x00", "A definition cannot contain the character U+0000."),
        ("#" + "a" * MAX_TEXT, "A definition has at most 256 KiB."),
    ],
)
async def test_a_text_that_is_no_definition_is_refused(shared: Stack, words: str, message: str) -> None:
    answer = await save(shared, words)
    assert answer["code"] == "invalid_input"
    assert answer["message"].startswith(message), answer


async def test_a_definition_may_contain_any_character(quiet: Stack) -> None:
    saved = await save(quiet, DNS.replace('"${{ spec.replicas }}"', '"\\0 \\U0001F600"'))
    assert saved["service"]["stored"]["revision"] == 1
    found = await quiet.data('{ service(name: "dns") { versions { values } } }')
    assert found["service"]["versions"][0]["values"] == {"replicaCount": "\x00 \U0001f600"}
    refused = await save(quiet, DNS.replace("Names.", '"\\0"'), PROBLEMS)
    assert [problem["path"] for problem in refused["problems"]] == [["definition", "description"]]


async def test_a_definition_whose_check_is_too_expensive_is_refused(
    new_stack: NewStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_SLOWDOWN", 1000)
    schemas = {f"s{level}": {"allOf": [{"$ref": f"#/$defs/s{level + 1}"}] * 2} for level in range(32)}
    spec = {"$defs": schemas | {"s32": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/s0", "default": 5}}}
    slow = {"name": "slow", "spec": spec, "chart": {"repository": "a", "name": "a"}, "versions": [{"version": "1.0.0"}]}
    async with new_stack(working=False, schema_cpu_seconds=0.5) as stack:
        answer = await save(stack, json.dumps(slow))
        assert (answer["code"], answer["path"]) == ("service_too_expensive", ["definition"])
        assert (await save(stack, DNS))["service"]["stored"]["revision"] == 1


async def test_too_many_checks_of_an_organization_are_refused(shared: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(monkeypatch, "services")
    assert (await save(shared, DNS))["code"] == "busy"


async def test_a_check_that_crashes_is_an_internal_error(shared: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    crash(monkeypatch, "services")
    query = "mutation ($input: SaveServiceDefinitionInput!) { saveServiceDefinition(input: $input) { __typename } }"
    [error] = (await shared.ask(query, input={"definition": DNS}))["errors"]
    assert error["extensions"]["code"] == "internal"


async def test_lists_of_revisions_read_neither_texts_nor_contents(quiet: Stack) -> None:
    await save(quiet, DNS)
    async with quiet.services.database.reading() as session:
        definition = (await session.exec(select(ServiceDefinition))).one()
        current = (await REVISIONS.current(session, [definition.id]))[definition.id]
        numbered = await REVISIONS.by_number(session, [(definition.id, 1)])
    listed = (await REVISIONS.page(quiet.services, definition.id, Window())).rows
    for row in (current, *numbered.values(), *listed):
        assert inspect(row).unloaded == {"text", "content"}


async def test_a_service_without_a_revision_was_deleted_meanwhile(quiet: Stack) -> None:
    await save(quiet, DNS)
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(text("DELETE FROM service_revision"))
    for field in ("definition", "spec", 'routes(from: "1.9.0") { target }'):
        answer = await quiet.ask(f'{{ service(name: "dns") {{ {field} }} }}')
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["service_not_found"]


async def test_the_language_is_published(shared: Stack) -> None:
    assert (await shared.data("{ serviceLanguage }"))["serviceLanguage"]["required"] == ["name", "versions"]
