"""The query by which editors learn what a text says to Helm."""

from typing import Any

import pytest

from app.deployments.given import MAX_YAML_BYTES
from tests.stack import Stack

QUERY = "query ($text: String!) { readYaml(text: $text) { values problems { message line column } } }"


async def read(stack: Stack, text: str) -> Any:
    return (await stack.data(QUERY, text=text))["readYaml"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0644", 420),
        ("0o17", 15),
        ("no", False),
        ("12:30", "12:30"),
        ("1e6", 1_000_000),
        ("1234e567", "1234e567"),
        ("{<<: {a: 1}, b: 2}", {"a": 1, "b": 2}),
    ],
)
async def test_values_in_yaml_are_read_as_by_helm(shared: Stack, text: str, value: Any) -> None:
    assert await read(shared, f"v: {text}\n") == {"values": {"v": value}, "problems": []}


async def test_an_empty_text_has_no_values_and_no_problems(shared: Stack) -> None:
    assert await read(shared, "# nothing\n") == {"values": {}, "problems": []}


async def test_a_text_that_is_not_valid_has_no_values_and_problems_at_their_place(shared: Stack) -> None:
    found = await read(shared, "a: 1\nb: *nothing\n")
    assert found["values"] is None
    assert [(one["line"], one["column"]) for one in found["problems"]] == [(2, 4)]
    (problem,) = (await read(shared, "- 1\n"))["problems"]
    assert problem == {"message": "Values must be a map. Write them as `key: value`.", "line": 1, "column": 1}


async def test_a_text_that_is_too_long_is_not_read(shared: Stack) -> None:
    found = await read(shared, "a" * (MAX_YAML_BYTES + 1))
    assert found["values"] is None
    assert "at most" in found["problems"][0]["message"]
