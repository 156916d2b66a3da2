"""A chart's values.schema.json: what is checked, and what is never fetched for it."""

from typing import Any

import pytest
from aiohttp import web

from app.charts import schema_program
from app.charts.schema_program import MAX_MESSAGE, MAX_PROBLEMS
from app.charts.value_schema import has_remote_reference
from app.core.errors import Problem
from app.releases.values import coalesce
from app.yaml.reading import read
from tests.charts.servers import served

DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
REPLICAS = {"type": "object", "properties": {"replicas": {"type": "integer"}}, "required": ["replicas"]}


def problems(schema: dict[str, Any], values: dict[str, Any], defaults: str = "") -> list[Problem]:
    found = schema_program.problems(schema, coalesce(read(defaults) or {}, values))
    return [Problem(tuple(path or ()), message) for path, message in found]


@pytest.mark.parametrize(
    ("defaults", "values", "expected"),
    [
        ("replicas: 1", {}, []),
        ("", {"replicas": 2}, []),
        ("", {}, [Problem((), '"replicas" is a required property')]),
        ("replicas: 1", {"replicas": None}, [Problem((), '"replicas" is a required property')]),
        ("replicas: 1", {"replicas": "2"}, [Problem(("replicas",), '"2" is not of type "integer"')]),
        ("replicas: one", {}, [Problem(("replicas",), '"one" is not of type "integer"')]),
        ("replicas: one", {"replicas": 1}, []),
        ("", {"replicas": 1.0}, []),
    ],
)
def test_values_are_checked_after_they_are_merged_over_the_defaults(
    defaults: str, values: Any, expected: list[Problem]
) -> None:
    assert problems(REPLICAS, values, defaults) == expected


def test_a_problem_has_the_path_of_its_value() -> None:
    schema = {"properties": {"hosts": {"items": {"properties": {"port": {"maximum": 5}}}}}}
    found = problems(schema, {"hosts": [{"port": 1}, {"port": 6}]})
    assert found == [Problem(("hosts", "1", "port"), "6 is greater than the maximum of 5")]


def test_of_many_problems_the_first_are_reported() -> None:
    schema = {"additionalProperties": {"type": "string"}}
    assert len(problems(schema, {f"k{number}": number for number in range(100)})) == MAX_PROBLEMS


def test_of_a_long_message_and_a_long_path_the_beginning_is_kept() -> None:
    schema = {"additionalProperties": {"additionalProperties": {"type": "integer"}}}
    [problem] = problems(schema, {"a": {"b" * MAX_MESSAGE: "c" * MAX_MESSAGE}})
    assert problem.path == ("a",)
    assert problem.message == '"' + "c" * (MAX_MESSAGE - 1) + "…"


@pytest.mark.parametrize(
    ("draft", "schema"),
    [
        (DRAFT_07, {"properties": {"a": {"items": [{"type": "string"}, {"type": "integer"}]}}}),
        (DRAFT_2020, {"properties": {"a": {"prefixItems": [{"type": "string"}, {"type": "integer"}]}}}),
        (DRAFT_07, {"definitions": {"pair": {"minItems": 3}}, "properties": {"a": {"$ref": "#/definitions/pair"}}}),
        (DRAFT_2020, {"$defs": {"pair": {"minItems": 3}}, "properties": {"a": {"$ref": "#/$defs/pair"}}}),
        (DRAFT_2020, {"dependentRequired": {"a": ["b"]}}),
        (DRAFT_07, {"dependencies": {"a": ["b"]}}),
    ],
)
def test_the_draft_that_a_schema_names_is_the_one_it_is_read_by(draft: str, schema: dict[str, Any]) -> None:
    named = {"$schema": draft} | schema
    assert len(problems(named, {"a": ["x", "y"]})) == 1
    assert problems(named, {"a": ["x", 2, 3], "b": 1}) == []
    assert not has_remote_reference(named)


def test_a_keyword_of_another_draft_has_no_meaning() -> None:
    assert problems({"$schema": DRAFT_07, "properties": {"a": {"prefixItems": [{"type": "string"}]}}}, {"a": [1]}) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nothing"},
        {"properties": []},
        {"$ref": "#/definitions/missing"},
        {"pattern": "("},
        {"required": "a"},
    ],
)
def test_an_invalid_schema_is_one_problem(schema: dict[str, Any]) -> None:
    [problem] = problems(schema, {"a": 1})
    assert problem.path == ()
    assert problem.message.startswith("The chart's values.schema.json is not a valid schema: ")


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}])
def test_a_schema_that_refers_to_itself_is_checked_in_bounded_time(schema: dict[str, Any]) -> None:
    assert problems({"$schema": DRAFT_2020} | schema, {"a": 1}) == []


def test_a_pattern_that_backtracks_without_end_is_stopped() -> None:
    schema = {"properties": {"a": {"pattern": "^(a+)+$"}}}
    assert len(problems(schema, {"a": "a" * 60 + "b"})) == 1


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


@pytest.mark.parametrize("depth", [100, 400, 20_000])
def test_a_schema_may_be_nested_as_deep_as_it_likes(depth: int) -> None:
    assert not has_remote_reference(nested(depth))
    if depth <= 400:
        assert all(problem.path == () for problem in problems(nested(depth), {"a": {"a": 1}}))


@pytest.mark.parametrize(
    ("schema", "remote"),
    [
        ({}, False),
        (True, False),
        ({"$ref": "#/definitions/a"}, False),
        ({"$ref": "#"}, False),
        ({"$id": "https://example.com/a"}, False),
        ({"properties": {"$ref": {"type": "string"}}}, False),
        ({"$schema": DRAFT_07}, False),
        ({"$schema": DRAFT_2020}, False),
        ({"$schema": "http://json-schema.org/schema#"}, False),
        ({"$ref": "https://example.com/a"}, True),
        ({"$ref": "http://169.254.169.254/"}, True),
        ({"$ref": "file:///etc/passwd"}, True),
        ({"$ref": "other.json"}, True),
        ({"$ref": "other.json#/a"}, True),
        ({"$ref": "//example.com/a"}, True),
        ({"$dynamicRef": "https://example.com/a"}, True),
        ({"$recursiveRef": "https://example.com/a"}, True),
        ({"$schema": "https://example.com/draft"}, True),
        ({"$schema": "https://json-schema.org.example.com/draft-07/schema#"}, True),
        ({"allOf": [{}, {"properties": {"a": {"$ref": "https://example.com/a"}}}]}, True),
        ({"$defs": {"a": {"not": {"$ref": "a.json"}}}}, True),
    ],
)
def test_references_to_other_documents_are_remote(schema: Any, remote: bool) -> None:
    assert has_remote_reference(schema) is remote


@pytest.mark.parametrize(("keyword", "places"), [("$ref", [("b",)]), ("$schema", [("b",)]), ("$dynamicRef", [()])])
async def test_remote_references_of_a_schema_are_never_fetched(keyword: str, places: list[tuple[str, ...]]) -> None:
    asked = []

    async def canary(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"type": "string"})

    async with served(canary) as host:
        elsewhere = f"http://{host}/schema.json"
        schema: dict[str, Any] = {"properties": {"a": {keyword: elsewhere}, "b": {"type": "integer"}}}
        if keyword == "$schema":
            schema = schema | {"$schema": elsewhere}
        found = problems(schema, {"a": 5, "b": "x"})
        assert has_remote_reference(schema)
    assert asked == []
    assert [problem.path for problem in found] == places


@pytest.mark.parametrize("defaults", ["1: a", "a: 2024-01-01", "a: !!binary aGk="])
def test_values_are_checked_although_the_defaults_are_not_json(defaults: str) -> None:
    assert problems({"type": "object", "additionalProperties": {"type": "string"}}, {"b": 1}, defaults) == [
        Problem(("b",), '1 is not of type "string"')
    ]
